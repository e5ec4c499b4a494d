import { describe, expect, test } from 'vitest';
import { StreamFeed } from '../../client/dashboard/stream-feed.ts';
import type { RibbonEvent } from '../../client/ribbon.ts';
import type { Block } from '../../src/core/blocks/block.ts';

const raw = (start: number, frames = 10, rate = 100): Parameters<StreamFeed['push']>[0] => ({
  type: 'block',
  kind: 'samples',
  id: 1,
  run: 0,
  map: 0,
  block: { data: new Float32Array(frames), channels: 1, start, rate, time: start * (1000 / rate) },
});
const stored = (feed: StreamFeed): Block[] => {
  const blocks: Block[] = [];
  feed.attach({ raw: (block) => blocks.push(block) })();
  return blocks;
};

describe('a stream feed', () => {
  test('keeps about one minute of data, no matter how long the stream runs', () => {
    const feed = new StreamFeed();
    for (let i = 0; i < 30_000; i++) feed.push(raw(i * 10), 0);
    const blocks = stored(feed);
    expect(blocks.length).toBeGreaterThan(590);
    expect(blocks.length).toBeLessThan(700);
    expect(blocks.at(-1)?.start).toBe(299_990);
  });

  test('keeps a bounded number of blocks even if the clock does not advance', () => {
    const feed = new StreamFeed();
    for (let i = 0; i < 20_000; i++) feed.push({ ...raw(i), ...raw(i, 1, 0) }, 0);
    expect(stored(feed).length).toBeLessThanOrEqual(4096);
  });

  test('dates the scores of learners by the clock of the stream, not that of the page', () => {
    const feed = new StreamFeed();
    const times: number[] = [];
    feed.attach({ loss: ({ time }) => times.push(time) });
    const loss = { type: 'loss', id: 1, learner: 0, nmse: 1, skill: 0, persistence: 1, rms: 1 } as const;
    feed.push({ ...loss, at: 3 }, 7_200_000);
    feed.push(raw(0), 7_200_000);
    feed.push({ ...loss, at: 5 }, 7_200_000);
    expect(times).toEqual([7_200_000, 50]);
  });

  test('passes on each frame once, although recent frames are sent again after a reconnect', () => {
    const feed = new StreamFeed();
    const seen: number[] = [];
    feed.attach({ raw: ({ start, data }) => seen.push(...Array.from(data, (_, t) => start + t)) });
    const connected = { type: 'subscribed', id: 1, stream: 'x', run: 0, next: 20 } as const;
    feed.push(connected, 0);
    feed.push(raw(0), 0);
    feed.push(connected, 0);
    for (const block of [raw(0), raw(5, 10), raw(15, 10)]) feed.push(block, 0);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, t) => t));
  });

  test('counts the frames that the page missed, but not those that the server did not receive', () => {
    const feed = new StreamFeed();
    const connect = (run: number): void => feed.push({ type: 'subscribed', id: 1, stream: 'x', run, next: 0 }, 0);
    connect(0);
    feed.push(raw(0), 0);
    expect(feed.missed).toBeUndefined();
    connect(0);
    feed.push(raw(0), 0);
    expect(feed.missed).toBeUndefined();
    feed.push(raw(10), 0);
    expect(feed.missed).toBe(0);
    connect(0);
    feed.push(raw(50), 0);
    expect(feed.missed).toBe(30);
    connect(0);
    feed.push({ type: 'gap', id: 1, from: 60, count: 40 }, 0);
    feed.push(raw(105), 0);
    expect(feed.missed).toBe(5);
    connect(1);
    expect(feed.missed).toBeNaN();
  });

  test('discards its data when a new run starts', () => {
    const feed = new StreamFeed();
    feed.push(raw(0), 0);
    feed.push({ type: 'run', id: 1, run: 1, next: 0 }, 0);
    expect(stored(feed)).toEqual([]);
  });

  test('computes the time of a mark from the samples, even if the mark arrives first', () => {
    const feed = new StreamFeed();
    const events: RibbonEvent[] = [];
    feed.attach({ events: (list) => events.push(...list) });
    feed.push({ type: 'mark', id: 1, at: 150, label: 'blink', frames: 30 }, 0);
    expect(events).toEqual([]);
    feed.push(raw(100), 0);
    expect(events).toEqual([{ time: 1500, duration: 300, label: 'blink' }]);
  });

  test('places a mark at its own time, if it has one, not at that of its frame', () => {
    const feed = new StreamFeed();
    const events: RibbonEvent[] = [];
    feed.attach({ events: (list) => events.push(...list) });
    feed.push(raw(100), 0);
    feed.push({ type: 'mark', id: 1, at: 150, label: 'blink', frames: 30, time: 1503.5, duration: 297 }, 0);
    expect(events).toEqual([{ time: 1503.5, duration: 297, label: 'blink' }]);
  });

  test('passes on a mark once per run, although it is sent again after a reconnect', () => {
    const feed = new StreamFeed();
    const labels: string[] = [];
    feed.attach({ events: (list) => labels.push(...list.map(({ label }) => label)) });
    const connect = (run: number): void => {
      feed.push({ type: 'subscribed', id: 1, stream: 'x', run, next: 0 }, 0);
      feed.push({ type: 'mark', id: 1, at: 5, label: 'blink' }, 0);
      feed.push(raw(0), 0);
    };
    connect(1);
    connect(1);
    expect(labels).toEqual(['blink']);
    connect(2);
    expect(labels).toEqual(['blink', 'blink']);
  });

  test('also keeps the minute before a pause, as long as the pause lasts', () => {
    const feed = new StreamFeed();
    const push = (block: number): void => {
      feed.push(raw(block * 10), 0);
      feed.view.advance(block * 100);
    };
    for (let i = 0; i < 1000; i++) push(i);
    feed.view.pause();
    for (let i = 1000; i < 10_000; i++) push(i);
    const times = stored(feed).map(({ time }) => time);
    expect(times.filter((time) => time > 40_000 && time <= 99_900)).toHaveLength(599);
    expect(times.length).toBeLessThan(1300);
    feed.view.resume();
    for (let i = 10_000; i < 10_200; i++) push(i);
    expect(stored(feed).length).toBeLessThan(700);
  });

  test('keeps the initial kernels, which the server sends once', () => {
    const feed = new StreamFeed();
    const kernels = {
      type: 'kernels' as const,
      id: 1,
      learner: 0,
      at: 0,
      shape: [1, 1, 1] as [number, number, number],
    };
    feed.push({ ...kernels, data: [2], start: [1] }, 0);
    feed.push({ ...kernels, data: [3] }, 0);
    const seen: (readonly number[] | undefined)[] = [];
    feed.attach({ kernels: ({ start }) => seen.push(start) });
    expect(seen).toEqual([[1]]);
  });
});
