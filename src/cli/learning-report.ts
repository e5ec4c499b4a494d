import type { Learned } from '../core/learned.ts';
import type { Standing } from '../core/tally.ts';

/** What is told of a pass beside what was learned. */
interface Told {
  readonly frames: number;
  readonly seconds: number;
  readonly output: string;
  readonly torch: boolean;
  readonly standardize?: number;
}

/** What learning has come to, as a short text. */
export function learningReport(
  { score, updates, refused, rollbacks, rate }: Learned,
  { frames, seconds, output, torch, standardize }: Told,
): string {
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
    `${frames} frames in ${seconds.toFixed(1)} s, ${score.frames} scored before they were learned, ${updates} updates`,
  ];
  if (reasons.length > 0)
    lines.push(
      `not learned from: ${reasons.map(([reason, count]) => `${count} ${sentences[reason] ?? reason}`).join(', ')}`,
    );
  if (rollbacks > 0)
    lines.push(`went back to the last good weights ${rollbacks} times, the step is now ${rate.toPrecision(3)}`);
  lines.push(`weights to ${output}${torch ? ", in PyTorch's names and order" : ''}`);
  if (standardize !== undefined)
    lines.push(`they take standardised channels: tapline apply ${output} INPUT --standardize ${standardize}`);
  return `${lines.join('\n')}\n`;
}

const sentences: Record<string, string> = {
  gap: 'in sight of warm-up, gaps or no numbers',
  noTruth: 'without a truth',
  late: 'whose truth came too late',
  frozen: 'while frozen',
  alarmed: 'while alarmed',
  notFinite: 'whose step was no number',
  exploded: 'whose loss exploded',
};

function shown(share: number): string {
  return Number.isFinite(share) ? share.toPrecision(3) : '-';
}
