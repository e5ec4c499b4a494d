import { describe, expect, test } from 'vitest';
import {
  closeReason,
  encodeBlock,
  type ErrorCode,
  mayRetry,
  parseWatch,
  parseWatchRequest,
  ProtocolError,
} from '../../src/protocol/index.ts';

const protocolError = (code: ErrorCode) => expect.objectContaining({ name: 'ProtocolError', code });

describe('a request of a viewer', () => {
  test('is parsed', () => {
    const request = { type: 'subscribe', id: 1, stream: 'eeg', what: ['raw', 'kernels'], maxHz: 10 };
    expect(parseWatchRequest(JSON.stringify({ ...request, more: 1 }))).toEqual(request);
    const learning = { type: 'learning', stream: 'eeg', learner: 0, on: false, learningRate: 0.1 };
    expect(parseWatchRequest(JSON.stringify(learning))).toEqual(learning);
  });

  test('can contain the learning rate under its deprecated name step, but not both', () => {
    const learning = { type: 'learning', stream: 'eeg', learner: 0 };
    expect(parseWatchRequest(JSON.stringify({ ...learning, step: 0.1 }))).toEqual({ ...learning, learningRate: 0.1 });
    expect(() => parseWatchRequest(JSON.stringify({ ...learning, step: 0.1, learningRate: 0.1 }))).toThrow(
      'step must be absent if learningRate is given, got 0.1',
    );
  });

  const malformed: [ErrorCode, string][] = [
    ['bad-json', 'subscribe'],
    ['bad-message', '[]'],
    ['unknown-type', '{"type":"hello"}'],
    ['bad-id', '{"type":"subscribe","id":0,"stream":"a","what":["raw"]}'],
    ['bad-id', '{"type":"subscribe","id":4294967296,"stream":"a","what":["raw"]}'],
    ['bad-id', '{"type":"unsubscribe"}'],
    ['bad-name', '{"type":"subscribe","id":1,"stream":"../a","what":["raw"]}'],
    ['bad-what', '{"type":"subscribe","id":1,"stream":"a","what":["everything"]}'],
    ['bad-what', '{"type":"subscribe","id":1,"stream":"a","what":[]}'],
    ['bad-what', '{"type":"subscribe","id":1,"stream":"a"}'],
    ['bad-rate', '{"type":"subscribe","id":1,"stream":"a","what":["raw"],"maxHz":0}'],
    ['not-finite', '{"type":"subscribe","id":1,"stream":"a","what":["raw"],"maxHz":1e999}'],
    ['unknown-learner', '{"type":"learning","stream":"a","learner":-1}'],
    ['bad-learning', '{"type":"learning","stream":"a","learner":0,"on":1}'],
    ['bad-learning', '{"type":"learning","stream":"a","learner":0,"learningRate":3}'],
    ['bad-learning', '{"type":"learning","stream":"a","learner":0,"step":3}'],
    ['bad-learning', '{"type":"learning","stream":"a","learner":0,"step":1,"learningRate":1}'],
    ['bad-alarm', '{"type":"alarms","on":1}'],
    ['bad-id', '{"type":"alarm","alarm":0,"do":"clear"}'],
    ['bad-alarm', '{"type":"alarm","alarm":1,"do":"forget"}'],
    ['bad-time', '{"type":"alarm","alarm":1,"do":"shelve","until":-1e17}'],
    ['bad-time', '{"type":"maintenance","streams":"a*"}'],
    ['bad-name', '{"type":"maintenance","streams":"a*b","until":1}'],
    ['bad-time', '{"type":"alarm","alarm":1,"do":"shelve"}'],
  ];
  test.each(malformed)('is rejected as %s: %s', (code, text) => {
    expect(() => parseWatchRequest(text)).toThrow(protocolError(code));
  });

  test('is rejected as binary-refused if it is bytes', () => {
    expect(() => parseWatchRequest(new Uint8Array(3))).toThrow(protocolError('binary-refused'));
  });
});

describe('a message to a viewer', () => {
  test('is a block if it is binary', () => {
    const block = { data: Float32Array.of(1), channels: 1, start: 3, rate: 10, time: 7 };
    const address = { kind: 'features', id: 4, run: 2, map: 1 } as const;
    expect(parseWatch(encodeBlock(block, address))).toEqual({ type: 'block', ...address, block });
  });

  test('is validated', () => {
    const loss = { type: 'loss', id: 1, learner: 0, at: 5, nmse: null, skill: 0.5, persistence: 1, rms: 2 };
    expect(parseWatch(JSON.stringify(loss))).toEqual(loss);
    expect(() => parseWatch(JSON.stringify({ ...loss, at: -1 }))).toThrow(ProtocolError);
    const alarms = { type: 'alarms', alarms: [], maintenance: [{ streams: '*', until: 5 }] };
    expect(parseWatch(JSON.stringify(alarms))).toEqual(alarms);
    expect(() => parseWatch(JSON.stringify({ ...alarms, alarms: [{ id: 1, members: [] }] }))).toThrow(ProtocolError);
    expect(() => parseWatch('{"type":"later"}')).toThrow(protocolError('unknown-type'));
    expect(() => parseWatch('{"type":"streams","streams":[{"name":"a"}]}')).toThrow(ProtocolError);
  });
});

describe('the learners of a stream', () => {
  const learner = {
    index: 0,
    name: 'forecast',
    task: 'forecast',
    learning: true,
    channels: ['x'],
    outputs: ['x'],
    taps: 16,
    rate: 10,
  };
  const read = (rates: object) => {
    const stream = { name: 'a', channels: [], rate: 10, run: 0, next: 0, live: true, maps: [] };
    const message = { type: 'streams', streams: [{ ...stream, learners: [{ ...learner, ...rates }] }] };
    const parsed = parseWatch(JSON.stringify(message));
    return parsed.type === 'streams' ? parsed.streams[0].learners[0] : undefined;
  };

  test('have a learning rate, which older servers send as step', () => {
    expect(read({ learningRate: 0.1, step: 0.1 })).toEqual({ ...learner, learningRate: 0.1, step: 0.1 });
    expect(read({ step: 0.1 })).toEqual({ ...learner, learningRate: 0.1, step: 0.1 });
    expect(read({ learningRate: 0.1 })).toEqual({ ...learner, learningRate: 0.1 });
    expect(() => read({})).toThrow(ProtocolError);
  });
});

describe('a close code', () => {
  test('determines whether to reconnect', () => {
    expect([1001, 1006, 4000, 4499, 4500, 4503, 4999].map(mayRetry)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test('has a sentence of at most 123 bytes, truncated at a character boundary', () => {
    expect(closeReason('short')).toBe('short');
    const cut = closeReason('µ'.repeat(100));
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(123);
    expect(cut).toBe(`${'µ'.repeat(60)}...`);
  });
});
