import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameTracker } from '../../src/server/frame-tracker.ts';
import { frame } from './attacks/raw-client.ts';

/** A frame, and the state after its last byte. */
interface Sent {
  bytes: Buffer;
  complete: number;
  unfinished: boolean;
  held: number;
}

/** Messages in fragments of these sizes, each with pings before its fragments where `pings` says so. */
const messages = fc.array(
  fc.array(fc.record({ size: fc.oneof(fc.nat(130), fc.integer({ min: 65_530, max: 65_540 })), ping: fc.boolean() }), {
    minLength: 1,
    maxLength: 4,
  }),
  { maxLength: 5 },
);

function sent(list: readonly (readonly { size: number; ping: boolean }[])[]): Sent[] {
  const frames: Sent[] = [];
  let complete = 0;
  for (const fragments of list) {
    let held = 0;
    fragments.forEach(({ size, ping }, n) => {
      if (ping)
        frames.push({ bytes: frame(9, 'ping'), complete: n === 0 ? ++complete : complete, unfinished: n > 0, held });
      const final = n === fragments.length - 1;
      held = final ? 0 : held + size;
      if (final) complete++;
      frames.push({
        bytes: frame(n === 0 ? 2 : 0, new Uint8Array(size), { final }),
        complete,
        unfinished: !final,
        held,
      });
    });
  }
  return frames;
}

describe('a frame tracker', () => {
  test('knows after every frame whether a message is unfinished, however the bytes are split', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1 }), (list, cuts) => {
        const tracker = new FrameTracker();
        let n = 0;
        for (const { bytes, complete, unfinished, held } of sent(list)) {
          for (let at = 0; at < bytes.length;) {
            const end = Math.min(bytes.length, at + cuts[n++ % cuts.length]);
            tracker.push(bytes.subarray(at, end));
            at = end;
            if (at < bytes.length) expect(tracker.unfinished).toBe(true);
          }
          expect([tracker.complete, tracker.unfinished, tracker.bytes]).toEqual([complete, unfinished, held]);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  test('is in the same state if all frames arrive at once', () => {
    fc.assert(
      fc.property(messages, (list) => {
        const frames = sent(list);
        const tracker = new FrameTracker();
        tracker.push(Buffer.concat(frames.map(({ bytes }) => bytes)));
        const last = frames.at(-1) ?? { complete: 0, unfinished: false, held: 0 };
        expect([tracker.complete, tracker.unfinished, tracker.bytes]).toEqual([
          last.complete,
          last.unfinished,
          last.held,
        ]);
        expect(tracker.controls).toBe(list.flat().filter(({ ping }) => ping).length);
      }),
      { seed: 2, numRuns: 200 },
    );
  });
});
