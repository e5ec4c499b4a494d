import { join } from 'node:path';
import { type Block, frameCount } from '../../../src/core/blocks/block.ts';
import { random } from '../../../src/core/random.ts';
import type { RecordedEvent } from '../../../src/store/recorded-event.ts';
import { Recorder } from '../../../src/store/recorder.ts';

/** Time of the first frame in ms since 1970. */
export const begin = Date.UTC(2026, 2, 1, 12);

/** What the test stream contains. */
export interface StreamShape {
  readonly rate: number;
  readonly channels: number;
  /** Frames of each block; a negative number is a gap. */
  readonly blocks: readonly number[];
  /** Whether some samples are NaN. */
  readonly hasNaN?: boolean;
  readonly run?: number;
  readonly start?: number;
  readonly time?: number;
  readonly marks?: readonly { at: number; label: string; frames?: number }[];
}

/** The events of one run. Samples are a random walk with an offset, in float32. */
export function eventsOfRun(shape: StreamShape, seed = 1): RecordedEvent[] {
  const { rate, channels, blocks, hasNaN = false, run = 0, start = 0, time = begin, marks = [] } = shape;
  const rng = random(seed);
  const labels = Array.from({ length: channels }, (_, c) => ({ label: `ch${c + 1}`, unit: 'µV' }));
  const events: RecordedEvent[] = [
    { type: 'run', run, number: 700 + run, next: start, time, channels: labels, rate, kind: 'eeg' },
  ];
  let next = start;
  const level = new Float32Array(channels);
  for (const count of blocks) {
    if (count < 0) {
      events.push({ type: 'gap', from: next, count: -count });
      next -= count;
      continue;
    }
    const data = Float32Array.from({ length: count * channels }, (_, i) => {
      level[i % channels] += rng.uniform() - 0.5;
      return hasNaN && rng.uniform() < 0.02 ? NaN : 100 * (i % channels) + level[i % channels];
    });
    const block: Block = { data, channels, start: next, rate, time: time + (1000 * (next - start)) / (rate || 10) };
    events.push({ type: 'block', block });
    for (const mark of marks) if (mark.at >= next && mark.at < next + count) events.push({ type: 'mark', ...mark });
    next += count;
  }
  return events;
}

/** Records events in a state directory, as a server does. */
export async function recordInto(state: string, stream: string, events: readonly RecordedEvent[]): Promise<void> {
  const recorder = await Recorder.open(join(state, 'recordings'), {
    retention: { minFree: 0, maxAge: 1e15 },
    fsync: 'never',
    segmentBytes: 1 << 15,
  });
  for (const event of events) recorder.record(stream, event);
  await recorder.close();
}

/** All samples of events as bits. */
export function bitsOf(events: readonly RecordedEvent[]): number[] {
  return events.flatMap((event) =>
    event.type === 'block' ? [...new Uint32Array(event.block.data.slice().buffer)] : [],
  );
}

/** Number of frames. */
export function framesOf(events: readonly RecordedEvent[]): number {
  return events.reduce((sum, event) => sum + (event.type === 'block' ? frameCount(event.block) : 0), 0);
}
