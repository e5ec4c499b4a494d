import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import type { Block } from '../../src/core/blocks/block.ts';
import { parseWatch, type WatchMessage } from '../../src/protocol/index.ts';
import { BoundedSocket } from '../../src/server/bounded-socket.ts';
import { ViewerQueue } from '../../src/server/viewer-queue.ts';

/** A socket whose peer reads only on request. */
class StillSocket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  closedWith = 0;
  readonly received: WatchMessage[] = [];
  #waiting: { message: string | Uint8Array; done: () => void }[] = [];

  send(message: string | Uint8Array, done: () => void): void {
    this.bufferedAmount += message.length;
    this.#waiting.push({ message, done });
  }

  close(code: number): void {
    this.readyState = 2;
    this.closedWith = code;
  }

  /** Reads everything that has been sent. */
  read(): void {
    for (const { message, done } of this.#waiting.splice(0)) {
      this.bufferedAmount -= message.length;
      this.received.push(parseWatch(message));
      done();
    }
  }
}

const high = 10_000;
const limit = 40_000;
const maxQueued = 20_000;

function still(): { socket: StillSocket; viewer: ViewerQueue } {
  const socket = new StillSocket();
  const link = new BoundedSocket(socket as unknown as WebSocket, { high, limit });
  return { socket, viewer: new ViewerQueue(link, { maxQueued, maxControl: 20 }) };
}

function block(start: number, frames: number): Block {
  return { data: new Float32Array(frames).fill(start), channels: 1, start, rate: 1, time: 1000 * start };
}

describe('the queue of a viewer', () => {
  test('is bounded for any input and reading pattern, and every frame arrives once or is reported as dropped', () => {
    const steps = fc.array(
      fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 800 }) }, fc.constant('read' as const)),
      {
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(steps, (script) => {
        const { socket, viewer } = still();
        const queue = viewer.subscribe(1, Infinity);
        let next = 0;
        for (const step of script) {
          if (step === 'read') socket.read();
          else {
            queue.push(block(next, step), { kind: 'samples', map: 0, run: 0 });
            next += step;
            viewer.flush();
          }
          expect(viewer.queued).toBeLessThanOrEqual(maxQueued);
          expect(socket.bufferedAmount).toBeLessThanOrEqual(high + (64 << 10) + 4000);
        }
        while (socket.bufferedAmount > 0) socket.read();
        let nextFrame = 0;
        for (const message of socket.received) {
          if (message.type === 'dropped') {
            expect(message).toMatchObject({ what: 'raw', from: nextFrame });
            nextFrame += message.count;
          } else if (message.type === 'block') {
            expect(message.block.start).toBe(nextFrame);
            nextFrame += message.block.data.length;
          }
        }
        expect(nextFrame).toBe(next);
        viewer.close();
      }),
      { seed: 6, numRuns: 100 },
    );
  });

  test('joins queued blocks and keeps notes in their position', () => {
    const { socket, viewer } = still();
    const queue = viewer.subscribe(1, Infinity);
    for (const start of [0, 2, 4]) queue.push(block(start, 2), { kind: 'samples', map: 0, run: 0 });
    queue.note({ type: 'gap', id: 1, from: 6, count: 4 });
    for (const start of [10, 12]) queue.push(block(start, 2), { kind: 'samples', map: 0, run: 0 });
    viewer.flush();
    socket.read();
    const heard = socket.received.map((m) => (m.type === 'block' ? [m.block.start, m.block.data.length] : m.type));
    expect(heard).toEqual([[0, 6], 'gap', [10, 4]]);
  });

  test('keeps the times of queued frames: exactly if the stream is irregular, within 100 ms otherwise', () => {
    const intervals = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2500 })), { maxLength: 30 });
    fc.assert(
      fc.property(fc.constantFrom(0, 1), intervals, (rate, waits) => {
        const { socket, viewer } = still();
        const queue = viewer.subscribe(1, Infinity);
        const times = waits.reduce((before, wait) => [...before, before[before.length - 1] + wait], [1e6]);
        for (const [start, time] of times.entries())
          queue.push({ ...block(start, 1), rate, time }, { kind: 'samples', map: 0, run: 0 });
        viewer.flush();
        socket.read();
        const blocks = socket.received.flatMap((message) => (message.type === 'block' ? [message.block] : []));
        const read = blocks.flatMap(({ data, time }) => Array.from(data, (_, i) => time + (rate > 0 ? 1000 * i : 0)));
        expect(read).toHaveLength(times.length);
        for (const [i, time] of read.entries())
          expect(Math.abs(time - times[i])).toBeLessThanOrEqual(rate > 0 ? 100 : 0);
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  test('sends control messages before queued blocks', () => {
    const { socket, viewer } = still();
    const queue = viewer.subscribe(1, Infinity);
    for (let start = 0; start < 20_000; start += 2000) {
      queue.push(block(start, 2000), { kind: 'samples', map: 0, run: 0 });
      viewer.flush();
    }
    viewer.send({ type: 'error', code: 'x', message: 'y' });
    const before = socket.received.length;
    socket.read();
    socket.read();
    expect(socket.received.slice(before).findIndex(({ type }) => type === 'error')).toBeLessThanOrEqual(2);
  });

  test('keeps only the newest of messages that replace each other', () => {
    const { socket, viewer } = still();
    viewer.subscribe(1, Infinity).push(block(0, 4000), { kind: 'samples', map: 0, run: 0 });
    viewer.flush();
    for (let i = 0; i < 1000; i++) viewer.replace({ type: 'streams', streams: [] });
    while (socket.bufferedAmount > 0) socket.read();
    expect(socket.received.filter(({ type }) => type === 'streams')).toHaveLength(1);
  });

  test('replaces queued messages by one that is made when it is sent', () => {
    const { socket, viewer } = still();
    viewer.subscribe(1, Infinity).push(block(0, 4000), { kind: 'samples', map: 0, run: 0 });
    viewer.flush();
    for (let id = 0; id < 300; id++) viewer.replace({ type: 'error', code: 'x', message: `${id}` }, `alarm ${id}`);
    expect(viewer.replaceable).toBe(300);
    let made = 0;
    viewer.replaceAll('alarm ', 'alarms', () => ({ type: 'error', code: 'y', message: `${++made}` }));
    expect([viewer.replaceable, made]).toEqual([1, 0]);
    while (socket.bufferedAmount > 0) socket.read();
    expect(socket.received.filter(({ type }) => type === 'error')).toMatchObject([{ code: 'y', message: '1' }]);
  });

  test('always reports that a new run started', () => {
    const { socket, viewer } = still();
    const queue = viewer.subscribe(1, Infinity);
    queue.push(block(0, 4000), { kind: 'samples', map: 0, run: 0 });
    viewer.flush();
    queue.note({ type: 'run', id: 1, run: 1, next: 0 });
    for (let start = 0; start < 100_000; start += 500) {
      queue.push(block(start, 500), { kind: 'samples', map: 0, run: 1 });
      viewer.flush();
    }
    while (socket.bufferedAmount > 0) socket.read();
    const types = socket.received.map(({ type }) => type);
    expect(types.slice(0, 4)).toEqual(['block', 'run', 'dropped', 'block']);
  });

  test('of messages that must not be dropped is also bounded: beyond it, the viewer is closed with 4008', () => {
    const { socket, viewer } = still();
    viewer.subscribe(1, Infinity).push(block(0, 4000), { kind: 'samples', map: 0, run: 0 });
    viewer.flush();
    for (let i = 0; i < 21; i++) viewer.send({ type: 'error', code: 'x', message: 'y' });
    expect(socket.closedWith).toBe(4008);
  });
});

describe('a bounded socket', () => {
  test('is closed with 4008 if its buffer exceeds the limit', () => {
    const socket = new StillSocket();
    const link = new BoundedSocket(socket as unknown as WebSocket, { high, limit });
    for (let i = 0; i < 100; i++) link.send('x'.repeat(1000));
    expect(socket.bufferedAmount).toBeLessThanOrEqual(limit + 1000);
    expect(socket.closedWith).toBe(4008);
  });
});
