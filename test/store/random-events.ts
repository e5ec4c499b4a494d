import fc from 'fast-check';
import type { Block } from '../../src/core/blocks/block.ts';
import { random } from '../../src/core/random.ts';
import type { RecordedEvent, StoredEvent } from '../../src/store/recorded-event.ts';

/** What happens next in a stream. Jumps are in frames. */
export type Step =
  | { type: 'block'; frames: number; jump: number; valid: boolean; seed: number }
  | { type: 'gap'; count: number }
  | { type: 'mark' }
  | { type: 'message' }
  | { type: 'run'; channels: number; rate: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('block' as const),
      frames: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3000 })),
      jump: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(5000)),
      valid: fc.boolean(),
      seed: fc.nat(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('gap' as const), count: fc.integer({ min: 1, max: 2 ** 33 }) }),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ type: 'mark' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: 'message' }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('run' as const),
      channels: fc.integer({ min: 1, max: 4 }),
      rate: fc.constantFrom(250, 1, 0),
    }),
  },
);

/** The steps of one stream; see `eventsOf`. */
export function randomSteps(maxLength: number): fc.Arbitrary<Step[]> {
  return fc.array(step, { minLength: 1, maxLength });
}

/** Events of one stream: runs, blocks of any bits, gaps, marks, and messages, in order of time. */
export function eventsOf(steps: readonly Step[]): RecordedEvent[] {
  const events: RecordedEvent[] = [];
  let run = 0;
  let next = 0;
  let time = 1.7e12;
  let [channels, rate] = [2, 250];
  const begin = (): void => {
    const labels = Array.from({ length: channels }, (_, c) => ({ label: `c${c}`, unit: 'µV' }));
    events.push({ type: 'run', run, next, time, channels: labels, rate, kind: 'eeg' });
  };
  begin();
  for (const each of steps) {
    switch (each.type) {
      case 'run':
        ({ channels, rate } = each);
        run++;
        next = 0;
        begin();
        break;
      case 'gap':
        events.push({ type: 'gap', from: next, count: each.count });
        next += each.count;
        time += rate > 0 ? (each.count * 1000) / rate : 1;
        break;
      case 'mark':
        events.push({ type: 'mark', at: next, label: 'blink', time });
        break;
      case 'message':
        events.push({ type: 'message', at: next, message: { type: 'feedback', at: next + 5, verdict: 'normal' } });
        break;
      case 'block': {
        const { frames, jump, valid, seed } = each;
        next += jump;
        time += rate > 0 ? (jump * 1000) / rate : 1;
        events.push({ type: 'block', block: randomBlock(frames, channels, next, rate, time, valid, seed) });
        next += frames;
        time += rate > 0 ? (frames * 1000) / rate : 1;
      }
    }
  }
  return events;
}

/** A block of integers, and of a few samples with arbitrary bits, NaN with a payload among them. */
function randomBlock(
  frames: number,
  channels: number,
  start: number,
  rate: number,
  time: number,
  hasValid: boolean,
  seed: number,
): Block {
  const rng = random(seed);
  const data = Float32Array.from({ length: frames * channels }, () => Math.round(1000 * rng.uniform() - 500));
  const bits = new Uint32Array(data.buffer);
  if (hasValid)
    for (let n = 0; n < frames / 8; n++)
      bits[Math.floor(rng.uniform() * bits.length)] = notFinite[n % notFinite.length];
  const valid = Uint8Array.from({ length: frames }, () => (rng.uniform() < 0.9 ? 1 : 0));
  return { data, channels, start, rate, time, ...(hasValid && { valid }) };
}

/** NaNs with several payloads and signs, and infinities. */
const notFinite = [0x7fc00000, 0x7f800001, 0xffc12345, 0x7f800000, 0xff800000];

/** Blocks with their samples as bits, so that NaNs are compared exactly. */
export function exact(events: readonly (RecordedEvent | StoredEvent['event'])[]): unknown[] {
  return events.map((event) => {
    if (event.type !== 'block') return event;
    const { data, valid, ...rest } = event.block;
    const bits = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');
    return { ...rest, bits, valid: valid && [...valid] };
  });
}
