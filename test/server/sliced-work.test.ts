import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { finish } from '../../src/core/slices.ts';
import { parseIngestInSlices } from '../../src/protocol/ingest.ts';
import { defaultLimits } from '../../src/protocol/limits.ts';
import type { FeedOutput } from '../../src/server/feed-output.ts';
import { frameCost, sliceOf } from '../../src/server/frame-cost.ts';
import { LocalHost, type PipelineHost } from '../../src/server/pipeline-host.ts';
import type { SensorMessage } from '../../src/server/intake.ts';
import type { Task } from '../../src/server/work-scheduler.ts';
import { localFeed } from './local-feed.ts';

/** Cost in ns that no slice exceeds unless a single frame costs more. */
const maxSlice = 2_000_000;

/** Performs a task, and returns the cost of its slices. */
function costs(task: Task<unknown>): number[] {
  return Array.from(task, (cost) => cost as number);
}

/** A host that divides frames into slices of `frames`, whatever they cost. */
function hostOf(frames: number): (emit: ConstructorParameters<typeof LocalHost>[0]) => PipelineHost {
  return (emit) => {
    const host = new LocalHost(emit);
    const push = host.push.bind(host);
    host.push = (block, slice) => push(block, { ...slice, frames });
    return host;
  };
}

function openFeed(channels: number, rate: number, onOutput: (output: FeedOutput) => void, frames?: number) {
  const list = Array.from({ length: channels }, (_, i) => ({ label: `c${i}`, unit: '' }));
  const feed = localFeed('a', { channels: list, rate }, frames ? { host: hostOf(frames) } : {}, onOutput);
  feed.start();
  return feed;
}

function noise(frames: number, channels: number): Float32Array {
  let state = 1;
  return Float32Array.from({ length: frames * channels }, () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647 - 0.5;
  });
}

const samples = (start: number, frames: number, channels: number): SensorMessage => ({
  type: 'samples',
  start,
  channels,
  data: noise(frames, channels),
});

describe('the work of a message is cut into slices', () => {
  test.each([
    ['a binary message of 1 MiB', 64, 250, [samples(0, 4096, 64)]],
    ['many frames of one channel', 1, 0, [samples(0, 20_000, 1)]],
    ['a gap of 1000 frames', 64, 0, [samples(0, 10, 64), samples(1010, 1, 64)]],
    ['a gap of 1000 frames of 256 channels', 256, 0, [samples(0, 1, 256), samples(1001, 1, 256)]],
    ['marks', 1, 10, Array.from({ length: 5000 }, (): SensorMessage => ({ type: 'mark', label: 'x' }))],
  ] as const)('%s', (_, channels, rate, messages) => {
    const feed = openFeed(channels, rate, () => {});
    const all = costs(feed.receive([...messages]));
    expect(Math.max(...all)).toBeLessThanOrEqual(maxSlice);
    const frames = Math.max(1, feed.next);
    if (frames > 100) expect(all.length).toBeGreaterThan(10);
  });

  test('text with many small messages', () => {
    const text = `[${Array.from({ length: 30_000 }, () => '{"a":1}').join()}]`;
    const all = costs(parseIngestInSlices(text, defaultLimits));
    expect(all.length).toBeGreaterThan(100);
    expect(Math.max(...all)).toBeLessThanOrEqual(maxSlice);
    expect(finish(parseIngestInSlices(text, defaultLimits))).toHaveLength(30_000);
  });

  test('a pipeline whose frames cost more has fewer of them per slice', () => {
    const detect = (count: number) => ({
      stage: { kind: 'detect' as const, spec: { channels: Array.from({ length: count }, (_, i) => i) } },
    });
    const [few, many] = [1, 64].map((count) => sliceOf(frameCost([detect(count)], 64, 0)));
    expect(many.frames).toBeLessThan(few.frames);
    for (const { frames, cost } of [few, many]) expect(frames === 1 || frames * cost <= maxSlice).toBe(true);
  });
});

test('the outputs do not depend on the slices, gaps included', () => {
  const run = (messages: readonly SensorMessage[], frames?: number) => {
    const samplesOf = new Map<string, number[]>();
    const feed = openFeed(
      3,
      20,
      (output) => {
        if (output.type !== 'features' && output.type !== 'prediction' && output.type !== 'raw') return;
        const kept = samplesOf.get(output.type) ?? [];
        samplesOf.set(output.type, kept);
        const { data, valid, channels } = output.block;
        for (let i = 0; i < data.length; i++) kept.push(data[i], valid?.[Math.floor(i / channels)] ?? 1);
      },
      frames,
    );
    for (const message of messages) costs(feed.receive([message]));
    return Object.fromEntries(samplesOf);
  };
  const cut = fc.record({ gap: fc.integer({ min: 0, max: 40 }), frames: fc.integer({ min: 1, max: 30 }) });
  fc.assert(
    fc.property(fc.array(cut, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 9 }), (cuts, frames) => {
      let start = 0;
      const messages = cuts.map((each) => {
        const message = samples(start + each.gap, each.frames, 3);
        start += each.gap + each.frames;
        return message;
      });
      expect(run(messages, frames)).toEqual(run(messages));
    }),
    { seed: 1, numRuns: 40 },
  );
});
