import { describe, expect, test } from 'vitest';
import { HostileMessages } from '../../src/cli/stress/hostile-messages.ts';
import { random } from '../../src/core/random.ts';
import { finish } from '../../src/core/slices.ts';
import {
  decodeBlock,
  encodeBlock,
  errorCodes,
  parseIngestList,
  parseIngestReply,
  parseWatch,
  parseWatchRequest,
  ProtocolError,
} from '../../src/protocol/index.ts';
import { defaultLimits } from '../../src/protocol/limits.ts';
import { readPostBody } from '../../src/protocol/post-body.ts';
import { FrameTracker } from '../../src/server/frame-tracker.ts';

const inputs = 30_000;
const types = [
  'application/json',
  'application/x-ndjson',
  'text/csv',
  'text/plain',
  'application/x-www-form-urlencoded',
];

/** Decodes many malformed inputs. Every error must be a ProtocolError with a code and a short sentence. Returns counts. */
function decode(
  seed: number,
  work: (hostile: HostileMessages, n: number) => void,
): { accepted: number; codes: number } {
  const hostile = new HostileMessages(random(seed));
  const codes = new Set<string>();
  let accepted = 0;
  for (let n = 0; n < inputs; n++) {
    try {
      work(hostile, n);
      accepted++;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (!(error.code in errorCodes) || error.message.length > 1000) throw error;
      codes.add(error.code);
    }
  }
  return { accepted, codes: codes.size };
}

describe(`of ${inputs} malformed inputs, each is accepted or rejected with a code`, () => {
  test.each<[string, number, (hostile: HostileMessages, n: number) => void]>([
    ['text of a device', 12, (hostile) => parseIngestList(hostile.text('sensor'))],
    ['text or bytes of a device', 12, (hostile) => parseIngestList(hostile.sensor())],
    ['text of a viewer', 8, (hostile) => parseWatchRequest(hostile.text('viewer'))],
    ['replies to a device', 2, (hostile) => parseIngestReply(hostile.text('sensor'))],
    ['messages to a viewer', 4, (hostile, n) => parseWatch(n % 2 ? hostile.text('sensor') : hostile.binary())],
    ['text to a viewer', 3, (hostile) => parseWatch(hostile.text('server'))],
    [
      'contents of HTTP requests',
      8,
      (hostile, n) => finish(readPostBody(hostile.text('sensor'), types[n % types.length], defaultLimits)),
    ],
  ])('%s', (name, minCodes, work) => {
    const { accepted, codes } = decode(name.length, work);
    // both outcomes occur, so that neither branch is tested in vain
    expect(codes).toBeGreaterThanOrEqual(minCodes);
    if (minCodes > 2) expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(inputs);
  });
});

test(`of ${inputs} malformed requests and answers of history, those that are accepted are bounded and whole`, () => {
  const hostile = new HostileMessages(random(10));
  const seen = new Set<string>();
  for (let n = 0; n < inputs; n++) {
    try {
      const request = parseWatchRequest(hostile.text('viewer'));
      if (request.type === 'history') {
        const { id, from = 0, to = 8.64e15, points = 1 } = request;
        expect([id >= 1, from < to, points >= 1 && points <= 2000]).toEqual([true, true, true]);
        seen.add('request');
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (error.id !== undefined) seen.add('rejected with its id');
    }
    try {
      const answer = parseWatch(hostile.text('server'));
      if (answer.type !== 'history') continue;
      for (const { start, time, channels } of answer.runs)
        for (const { min, count } of channels)
          expect([time, min, count].map(({ length }) => length)).toEqual([1, 1, 1].map(() => start.length));
      seen.add('answer');
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
  }
  expect(seen).toEqual(new Set(['request', 'rejected with its id', 'answer']));
});

test(`of ${inputs} mutated blocks, each that is accepted is the same after it is encoded again`, () => {
  const hostile = new HostileMessages(random(7));
  let accepted = 0;
  for (let n = 0; n < inputs; n++) {
    const bytes = hostile.binary();
    let decoded;
    try {
      decoded = decodeBlock(bytes);
    } catch (error) {
      if (error instanceof ProtocolError) continue;
      throw error;
    }
    accepted++;
    const again = decodeBlock(encodeBlock(decoded.block, decoded));
    expect(again).toEqual(decoded);
  }
  expect(accepted).toBeGreaterThan(inputs / 20);
  expect(accepted).toBeLessThan(inputs);
});

test(`of ${inputs} sequences of bytes, the frames are the same however they are cut`, () => {
  const hostile = new HostileMessages(random(8));
  const source = random(9);
  for (let n = 0; n < inputs; n++) {
    const bytes = hostile.frame();
    const [whole, cut] = [new FrameTracker(), new FrameTracker()];
    whole.push(bytes);
    const at = Math.floor(source.uniform() * (bytes.length + 1));
    for (const part of [bytes.subarray(0, at), bytes.subarray(at)]) cut.push(part);
    const state = ({ unfinished, complete, controls, bytes: count }: FrameTracker) => [
      unfinished,
      complete,
      controls,
      count,
    ];
    expect(state(cut)).toEqual(state(whole));
  }
});
