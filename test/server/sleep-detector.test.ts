import { EventEmitter } from 'node:events';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { Heartbeat } from '../../src/server/heartbeat.ts';
import { SleepDetector, sleepText } from '../../src/server/sleep-detector.ts';

const start = 1.7e12;

describe('a sleep detector', () => {
  test('reports nothing as long as it is late by at most two seconds', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 })), (steps) => {
        const detector = new SleepDetector(1000);
        let now = 0;
        for (const step of [0, ...steps]) {
          now += step;
          expect(detector.observe(start + now, 50 + now)).toBeUndefined();
        }
      }),
      { seed: 4 },
    );
  });

  test('reports how long it was suspended, whether or not the monotonic clock went on, once', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 3001, max: 1e9 }), fc.boolean(), (before, by, stopped) => {
        const detector = new SleepDetector(1000);
        detector.observe(start, 0);
        const ran = stopped ? before + by : before;
        const sleep = detector.observe(start + before + by, ran)!;
        expect(sleep.stopped).toBe(stopped);
        expect(sleep.by).toBe(before + by - Math.min(ran, 1000));
        expect(detector.observe(start + before + by + 1000, ran + 1000)).toBeUndefined();
      }),
      { seed: 5 },
    );
  });

  test('reports a clock that was set back, and describes all three cases', () => {
    const detector = new SleepDetector(1000);
    const seen: string[] = [];
    for (const [wall, monotonic] of [
      [0, 0],
      [12_000, 12_000],
      [24_000, 13_000],
      [-3000, 13_500],
    ]) {
      const sleep = detector.observe(start + wall, monotonic);
      if (sleep) seen.push(sleepText(sleep));
    }
    const end = '; streams are not reported as silent for this time';
    expect(seen).toEqual([
      `the server did not run for 11.0 s (suspended, or busy)${end}`,
      `the server was suspended for 11.0 s, or its clock was set forward${end}`,
      `the clock was set back by 27.5 s${end}`,
    ]);
  });
});

/** A socket that counts pings and reports whether it was terminated. */
class FakeSocket extends EventEmitter {
  isPaused = false;
  pings = 0;
  terminated = false;
  ping(): void {
    this.pings++;
  }
  close(): void {}
  terminate(): void {
    this.terminated = true;
  }
}

describe('a heartbeat', () => {
  const beating = (interval: number) => {
    const heartbeat = new Heartbeat(interval);
    heartbeat.stop();
    const socket = new FakeSocket();
    heartbeat.add(socket as unknown as WebSocket, () => {});
    return { heartbeat, socket };
  };

  test('that comes late disconnects nobody, because answers may be waiting to be read', () => {
    const { heartbeat, socket } = beating(10);
    heartbeat.beat();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1100);
    heartbeat.beat();
    expect([socket.pings, socket.terminated]).toEqual([2, false]);
    heartbeat.beat();
    expect(socket.terminated).toBe(true);
  });

  test('does not disconnect a socket that the server does not read', () => {
    const { heartbeat, socket } = beating(60_000);
    socket.isPaused = true;
    for (let n = 0; n < 5; n++) heartbeat.beat();
    expect(socket.terminated).toBe(false);
    socket.isPaused = false;
    heartbeat.beat();
    expect(socket.terminated).toBe(true);
  });
});
