import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Block } from '../../src/core/blocks/block.ts';
import { parseWatch, type WatchMessage } from '../../src/protocol/index.ts';
import type { BoundedSocket } from '../../src/server/bounded-socket.ts';
import { SendWindow } from '../../src/server/send-window.ts';
import { ViewerQueue } from '../../src/server/viewer-queue.ts';

describe('the send window of a viewer', () => {
  test('has no limit until the viewer acknowledges a message', () => {
    const window = new SendWindow();
    for (let i = 0; i < 1000; i++) window.send(1 << 20, i);
    expect(window.isOpen).toBe(true);
    expect(window.behind(1000)).toBeUndefined();
  });

  test('is open again when everything is acknowledged, and is behind by the age of the oldest message', () => {
    const steps = fc.array(
      fc.record({ send: fc.integer({ min: 0, max: 5 }), bytes: fc.integer({ min: 1, max: 100_000 }), ms: fc.nat(900) }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, fc.nat(3), (list, kept) => {
        const window = new SendWindow();
        window.acknowledge(0, 0);
        let now = 0;
        const times: number[] = [];
        let acknowledged = 0;
        for (const { send, bytes, ms } of list) {
          now += ms;
          for (let i = 0; i < send && window.isOpen; i++) {
            window.send(bytes, now);
            times.push(now);
          }
          acknowledged = Math.max(acknowledged, times.length - kept);
          window.acknowledge(acknowledged, now);
          expect(window.behind(now)).toBe(acknowledged < times.length ? now - times[acknowledged] : 0);
        }
        window.acknowledge(window.sent, now);
        expect(window.isOpen).toBe(true);
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('becomes smaller while messages are late, and larger while they are fast', () => {
    const sizeOf = (window: SendWindow) => {
      let count = 0;
      for (; window.isOpen; count++) window.send(1024, 0);
      return count;
    };
    const after = (duration: number, messages: number) => {
      const window = new SendWindow();
      window.acknowledge(0, 0);
      for (let i = 0; i < messages; i++) {
        window.send(1, i * duration);
        window.acknowledge(i + 1, (i + 1) * duration);
      }
      return sizeOf(window);
    };
    expect(after(1000, 0)).toBe(256);
    expect(after(1000, 1)).toBe(128);
    expect(after(1000, 20)).toBe(8);
    expect(after(100, 20)).toBe(512);
  });
});

describe('a viewer on a slow connection that acknowledges messages', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /**
   * Sends 1000 blocks per second of 100 frames, 1 channel (400 kB/s), over a connection of `bytesPerSecond`, for a while. Returns
   * how old each block was on arrival, in ms, and what was reported as dropped.
   */
  function transfer(bytesPerSecond: number, acknowledges: boolean) {
    const onTheWay: { message: string | Uint8Array; arrives: number }[] = [];
    let free = 0;
    const socket = {
      hasRoom: () => true,
      drained: () => {},
      close: () => {},
      send(message: string | Uint8Array) {
        free = Math.max(free, performance.now()) + (message.length / bytesPerSecond) * 1000;
        onTheWay.push({ message, arrives: free });
      },
    };
    const viewer = new ViewerQueue(socket as unknown as BoundedSocket);
    const queue = viewer.subscribe(1, 30);
    const received: WatchMessage[] = [];
    const ages: number[] = [];
    const begin = performance.now();
    if (acknowledges) viewer.acknowledge(0);
    for (let ms = 1; ms <= 20_000; ms++) {
      vi.advanceTimersByTime(1);
      const block: Block = { data: new Float32Array(100), channels: 1, start: (ms - 1) * 100, rate: 1e5, time: ms };
      queue.push(block, { kind: 'samples', map: 0, run: 0 });
      viewer.flush();
      while (onTheWay.length > 0 && onTheWay[0].arrives <= performance.now()) {
        const message = parseWatch(onTheWay.shift()!.message);
        received.push(message);
        if (message.type === 'block') ages.push(performance.now() - begin - message.block.time);
      }
      if (acknowledges && ms % 100 === 0) viewer.acknowledge(received.length);
    }
    let dropped = 0;
    let frames = 0;
    for (const message of received) {
      if (message.type === 'dropped') dropped += message.count;
      else if (message.type === 'block') {
        frames += message.block.data.length;
        // every frame so far was received or reported
        expect(frames + dropped).toBe(message.block.start + message.block.data.length);
      }
    }
    return { ages, dropped };
  }

  test('gets data that is at most a few seconds old, and a report of what was dropped', () => {
    const { ages, dropped } = transfer(40_000, true);
    expect(Math.max(...ages.slice(-20))).toBeLessThan(3000);
    expect(dropped).toBeGreaterThan(0);
  });

  test('would otherwise get older and older data', () => {
    const { ages } = transfer(40_000, false);
    expect(Math.max(...ages)).toBeGreaterThan(15_000);
  });

  test('gets everything if the connection is fast enough', () => {
    const { ages, dropped } = transfer(1_000_000, true);
    expect(dropped).toBe(0);
    expect(Math.max(...ages)).toBeLessThan(300);
  });
});
