import type { ErrorStats } from '../../core/learning/forecast-score.ts';
import type { Recording } from '../../sources/index.ts';
import { counted } from '../counted.ts';
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
  const { score, updates, skipped: refused, rollbacks, learningRate } = learned;
  const row = (name: string, of: (standing: ErrorStats) => number) =>
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
      `went back to the last good weights ${counted(rollbacks, 'time')}, the step is now ${learningRate.toPrecision(3)}`,
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
