import type { Score } from '../../core/learning/forecast-score.ts';
import type { Standing } from '../../core/learning/running-errors.ts';
import type { Recording } from '../../sources/index.ts';
import { counted } from '../amounts.ts';
import type { Pass } from './learn-pass.ts';

/** What is told of a pass beside what was learned. */
interface Told {
  readonly gaps: string;
  readonly output: string;
  readonly torch: boolean;
  readonly standardize?: number;
}

/** What learning has come to, as a short text. */
export function learningReport(
  { frames }: Recording,
  { learned, seconds, filled }: Pass,
  { gaps, output, torch, standardize }: Told,
): string {
  const { score, updates, refused, rollbacks, rate } = learned;
  const row = (name: string, of: (standing: Standing) => number) =>
    `${name.padEnd(24)}${shown(of(score.overall)).padStart(10)}${shown(of(score)).padStart(10)}`;
  const reasons = Object.entries(refused).filter(([, count]) => count > 0);
  const lines = [
    `${'error / variance'.padEnd(24)}${'overall'.padStart(10)}${'lately'.padStart(10)}`,
    row('learned', ({ nmse }) => nmse),
    row('nothing changes', ({ persistence }) => persistence),
    row('moving average', ({ movingAverage }) => movingAverage),
    row('constant and mains', ({ mains }) => mains),
    row('skill', ({ skill }) => skill),
    row('loss', ({ loss }) => loss),
    '',
    `${counted(frames, 'frame')} in ${seconds.toFixed(1)} s, ${score.frames} scored before they were learned, ${counted(updates, 'update')}`,
  ];
  if (score.frames > 0 && !Number.isFinite(score.overall.skill)) lines.splice(-1, 0, '-: no channel changed', '');
  else if (score.frames > 0 && !Number.isFinite(score.skill)) lines.splice(-1, 0, '-: no channel changed lately', '');
  if (filled > 0) lines.push(`${counted(filled, 'more frame')} never came, filled in (--gaps ${gaps})`);
  if (reasons.length > 0)
    lines.push(
      `not learned from: ${reasons.map(([reason, count]) => `${count} ${sentences[reason] ?? reason}`).join(', ')}`,
    );
  if (rollbacks > 0)
    lines.push(
      `went back to the last good weights ${counted(rollbacks, 'time')}, the step is now ${rate.toPrecision(3)}`,
    );
  lines.push(`weights to ${output}${torch ? ", in PyTorch's names and order" : ''}`);
  if (standardize !== undefined)
    lines.push(`they take standardised channels: tapline apply ${output} INPUT --standardize ${standardize}`);
  return `${lines.join('\n')}\n`;
}

const sentences: Record<string, string> = {
  gap: 'that saw the start, a gap or a missing sample',
  noTruth: 'whose truth was missing',
  late: 'whose truth came too late',
  frozen: 'while frozen',
  alarmed: 'while alarmed',
  notFinite: 'whose step was not a number',
  exploded: 'whose loss exploded',
};

function shown(share: number): string {
  if (!Number.isFinite(share)) return '-';
  return Math.abs(share) > 0 && Math.abs(share) < 1e-3 ? share.toExponential(2) : share.toPrecision(3);
}

/** How the pass was made. */
interface Made {
  /** Hz. */
  readonly rate: number;
  readonly standardize?: number;
  /** The path of the network, where it was given. */
  readonly network?: string;
}

/** Fewer scored frames than these say little. */
const enough = 1000;
/** Frames that running statistics are usefully taken over. */
const standardFrames = 64;

/** A line on what to try, where learning has come to nothing; else ''. */
export function learningAdvice({ frames, overall }: Score, { rate, standardize, network }: Made): string {
  const fewer = network === undefined ? 'fewer --taps' : 'a network that sees less';
  if (frames === 0)
    return `nothing was scored: every frame saw the start, a gap or a missing sample; try ${fewer}, or leave out channels of few samples with --columns\n`;
  if (!(overall.skill < 0)) return '';
  const seconds = Number(Math.max(1, standardFrames / rate).toPrecision(2));
  const what =
    standardize === undefined
      ? `try --standardize ${seconds}`
      : frames < enough
        ? `${frames} frames are too few to learn from; try ${fewer}`
        : network === undefined
          ? 'try other --taps'
          : 'try another network';
  return `worse than 'nothing changes': ${what}\n`;
}

/**
 * A line on the recording at `path` that names channels which hold at most two different samples, as labels do and sensors seldom; '' where there is
 * none. A column with a role is meant to be what it is.
 */
export function labelNote(path: string, { channels, blocks, roles = {} }: Recording): string {
  const meant = new Set(Object.values(roles).flat());
  const kinds = channels.map(() => new Set<number>());
  const asked = [...channels.keys()].filter((c) => !meant.has(c));
  for (const { data } of blocks)
    for (const c of asked)
      for (let i = c; i < data.length && kinds[c].size < 3; i += channels.length)
        if (Number.isFinite(data[i])) kinds[c].add(data[i]);
  const named = asked.filter((c) => kinds[c].size < 3).map((c) => channels[c].label);
  if (named.length === 0) return '';
  const look = named.length === 1 ? 'looks like a label: leave it out' : 'look like labels: leave them out';
  return `${path}: no more than two different samples in ${named.join(', ')}, which ${look} with --columns\n`;
}
