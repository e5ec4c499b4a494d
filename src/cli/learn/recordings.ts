import type { ReadOptions, Recording } from '../../formats/index.ts';
import { UsageError } from '../failure.ts';
import type { Progress } from '../progress.ts';
import { readRecordingOf } from '../read-recording.ts';
import { isSameRate, shownRate } from '../same-rate.ts';

/** A recording and the path that it was read from. */
export interface NamedRecording {
  readonly path: string;
  readonly recording: Recording;
}

/**
 * Reads recordings that a learner can read in turn. Throws a UsageError if one has other channels, units, or another sampling
 * rate than the first one.
 */
export async function readRecordings(
  paths: readonly string[],
  options: ReadOptions,
  line: Progress,
): Promise<NamedRecording[]> {
  const read: NamedRecording[] = [];
  for (const path of paths) {
    const named = { path, recording: await readRecordingOf(path, options, line) };
    if (read.length > 0) checkSameSignals(read[0], named);
    read.push(named);
  }
  return read;
}

/** Throws a UsageError unless a recording has the channels, units, and sampling rate of the first one. */
function checkSameSignals(
  { path: first, recording: before }: NamedRecording,
  { path, recording }: NamedRecording,
): void {
  const [expected, actual] = [labelsOf(before), labelsOf(recording)];
  if (actual !== expected)
    throw new UsageError(
      `${path}: the channels and units must be those of ${first} (${expected}), got ${actual}. Select the same channels in the same order with --columns.`,
    );
  const [rate, other] = [before.rate, recording.rate];
  if (!isSameRate(rate, other))
    throw new UsageError(
      `${path}: the sampling rate must be that of ${first} (${shownRate(rate)} Hz), got ${shownRate(other)} Hz. Resample one of them, or set --rate if a file gives a wrong rate.`,
    );
}

function labelsOf({ channels }: Recording): string {
  return channels.map(({ label, unit }) => (unit ? `${label} (${unit})` : label)).join(', ');
}
