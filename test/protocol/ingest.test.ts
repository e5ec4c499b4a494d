import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  encodeBlock,
  type ErrorCode,
  helloOf,
  parseIngest,
  parseIngestReply,
  ProtocolError,
  streamOf,
} from '../../src/protocol/index.ts';

const protocolError = (code: ErrorCode) => expect.objectContaining({ name: 'ProtocolError', code });

describe('a message of a sensor', () => {
  test('hello describes channels as a number, as labels, or as labels with units', () => {
    const channels = (written: unknown) => parseIngest(JSON.stringify({ type: 'hello', channels: written, rate: 250 }));
    expect(channels(2)).toMatchObject({
      channels: [
        { label: 'ch1', unit: '' },
        { label: 'ch2', unit: '' },
      ],
    });
    expect(channels(['Fz'])).toMatchObject({ channels: [{ label: 'Fz', unit: '' }], rate: 250 });
    expect(channels([{ label: 'Fz', unit: 'uV' }])).toMatchObject({ channels: [{ label: 'Fz', unit: 'uV' }] });
  });

  test('samples are columns, and null is a missing sample in an invalid frame', () => {
    expect(parseIngest('{"type":"samples","start":7,"time":5,"data":[[1,null],[3,4]]}')).toEqual({
      type: 'samples',
      start: 7,
      time: 5,
      channels: 2,
      data: Float32Array.of(1, 3, NaN, 4),
      valid: Uint8Array.of(1, 0),
    });
  });

  test('every float32 can be written in JSON', () => {
    const most = 2 ** 128 - 2 ** 104;
    expect(parseIngest(JSON.stringify([most, -most, 1e-45]))).toMatchObject({
      data: Float32Array.of(most, -most, 1e-45),
    });
  });

  test('a binary block of a sensor must have a rate that is valid for a stream', () => {
    const at = (rate: number) => () =>
      parseIngest(encodeBlock({ data: Float32Array.of(1), channels: 1, start: 3, rate, time: 0 }));
    expect(at(1e-6)()).toMatchObject({ rate: 1e-6 });
    expect(at(9e-7)).toThrow('rate must be 0 or a number from 1e-6 to 1e9 in Hz, got 9e-7');
  });

  test('a binary block without a rate or a time has neither', () => {
    const bytes = encodeBlock({ data: Float32Array.of(1), channels: 1, start: 3, rate: 0, time: 0 });
    expect(parseIngest(bytes)).toEqual({ type: 'samples', data: Float32Array.of(1), channels: 1, start: 3 });
  });

  test('third-party formats are accepted', () => {
    expect(parseIngest('[1,2,null]')).toMatchObject({ channels: 3, valid: Uint8Array.of(0) });
    expect(parseIngest('{"data":[1,2],"timestamp":9}')).toMatchObject({ channels: 2, time: 9 });
    const epoch = {
      data: [
        [1, 2],
        [3, 4],
      ],
      info: { samplingRate: 256, startTime: 9, channelNames: ['a', 'b'] },
    };
    expect(parseIngest(JSON.stringify(epoch))).toEqual({
      type: 'samples',
      data: Float32Array.of(1, 3, 2, 4),
      channels: 2,
      time: 9,
      rate: 256,
      labels: ['a', 'b'],
    });
  });

  test('unknown fields are ignored, including __proto__', () => {
    const message = parseIngest('{"type":"gap","from":1,"count":2,"__proto__":{"polluted":1},"constructor":3}');
    expect(Object.keys(message)).toEqual(['type', 'from', 'count']);
    expect('polluted' in {}).toBe(false);
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
  });

  const malformed: [ErrorCode, string][] = [
    ['bad-json', '{"type":'],
    ['bad-json', ''],
    ['bad-message', '3'],
    ['bad-message', 'null'],
    ['bad-message', '{"type":3}'],
    ['bad-message', '{}'],
    ['bad-message', '{"time":1}'],
    ['bad-message', '{"__proto__":{"type":"gap"}}'],
    ['bad-message', '{"status":"connected"}'],
    ['bad-sample', '{"temperature":"21.5"}'],
    ['bad-sample', '{"values":{"temperature":{}}}'],
    ['not-finite', '{"temperature":1e39}'],
    ['bad-time', '{"ts":"now","temperature":1}'],
    ['bad-time', '{"ts":"2023-02-30T00:00:00Z","temperature":1}'],
    ['bad-label', '{"values.t":1,"a":{"t":1},"values":{"t":2}}'],
    ['too-many-channels', JSON.stringify(Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`c${i}`, i])))],
    ['unknown-type', '{"type":"__proto__"}'],
    ['unknown-type', '{"type":"welcome"}'],
    ['bad-shape', '{"type":"samples"}'],
    ['bad-shape', '{"type":"samples","data":[]}'],
    ['bad-shape', '{"type":"samples","data":[1,2]}'],
    ['bad-shape', '{"type":"samples","data":[[1,2],[3]]}'],
    ['bad-shape', '[]'],
    ['bad-message', '{"data":{}}'],
    ['bad-shape', '{"data":null}'],
    ['bad-sample', '{"type":"samples","data":[["1"]]}'],
    ['bad-sample', '[true]'],
    ['not-finite', '[1e999]'],
    ['not-finite', '[4e38]'],
    ['not-finite', '{"type":"samples","start":1e999,"data":[[1]]}'],
    ['not-finite', '{"type":"hello","channels":1,"rate":1e999}'],
    ['bad-index', '{"type":"samples","start":-1,"data":[[1]]}'],
    ['bad-index', '{"type":"samples","start":0.5,"data":[[1]]}'],
    ['bad-index', '{"type":"samples","start":"0","data":[[1]]}'],
    ['bad-index', '{"type":"samples","start":9007199254740992,"data":[[1]]}'],
    ['bad-index', '{"type":"samples","start":9007199254740991,"data":[[1]]}'],
    ['bad-index', '{"type":"gap","from":9007199254740991,"count":1}'],
    ['bad-index', '{"type":"gap","count":1}'],
    ['bad-time', '{"type":"mark","label":"x","time":"now"}'],
    ['bad-time', '{"type":"mark","label":"x","duration":-1}'],
    ['bad-clock', '{"type":"hello","clock":"utc"}'],
    ['bad-count', '{"type":"gap","from":0,"count":0}'],
    ['bad-count', '{"type":"mark","at":0,"label":"x","frames":1.5}'],
    ['bad-time', '{"type":"samples","time":1e22,"data":[[1]]}'],
    ['bad-time', '{"data":[1],"timestamp":"now"}'],
    ['bad-rate', '{"type":"hello","rate":-1}'],
    ['bad-rate', '{"type":"hello","rate":1e-300}'],
    ['bad-rate', '{"type":"hello","rate":1.1e9}'],
    ['bad-rate', '{"data":[[1]],"info":{"samplingRate":9e-7}}'],
    ['bad-rate', '{"data":[[1]],"info":{"samplingRate":"fast"}}'],
    ['bad-channels', '{"type":"hello","channels":0}'],
    ['bad-channels', '{"type":"hello","channels":[]}'],
    ['bad-channels', '{"type":"hello","channels":"Fz"}'],
    ['too-many-channels', '{"type":"hello","channels":1025}'],
    ['too-many-channels', '{"type":"hello","channels":1e300}'],
    ['too-many-channels', JSON.stringify(new Array(1025).fill(0))],
    ['bad-label', '{"type":"hello","channels":[""]}'],
    ['bad-label', `{"type":"mark","at":0,"label":"${'x'.repeat(65)}"}`],
    ['bad-label', '{"type":"hello","kind":7}'],
    ['bad-name', '{"type":"hello","for":"../etc"}'],
    ['bad-fresh', '{"type":"hello","fresh":1}'],
  ];
  test.each(malformed)('is rejected as %s: %s', (code, text) => {
    expect(() => parseIngest(text)).toThrow(protocolError(code));
  });

  test('blocks of other kinds or with too many channels are rejected', () => {
    const block = { data: new Float32Array(1025), channels: 1025, start: 0, rate: 0, time: 0 };
    expect(() => parseIngest(encodeBlock(block))).toThrow(protocolError('too-many-channels'));
    expect(() => parseIngest(encodeBlock({ ...block, channels: 1 }, { kind: 'features' }))).toThrow(
      protocolError('bad-kind'),
    );
  });

  test('is parsed or rejected with a ProtocolError, and no other error, for any JSON', () => {
    const keys = fc.constantFrom(
      'type',
      'data',
      'start',
      'time',
      'from',
      'count',
      'at',
      'label',
      'channels',
      '__proto__',
    );
    const types = fc.constantFrom<unknown>('samples', 'hello', 'gap', 'mark', 'x');
    const values = fc.oneof({ weight: 2, arbitrary: fc.jsonValue({ maxDepth: 3 }) }, types, fc.double());
    fc.assert(
      fc.property(fc.dictionary(keys, values), fc.jsonValue(), (message, other) => {
        for (const text of [JSON.stringify(message), JSON.stringify(other)]) {
          try {
            const read = parseIngest(text);
            if (read.type === 'samples') expect(read.data.length % read.channels).toBe(0);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }
      }),
      { seed: 4, numRuns: 1000 },
    );
  });

  test('is rejected with a ProtocolError if it is random text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        try {
          parseIngest(text);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { seed: 5, numRuns: 300 },
    );
  });
});

describe('the address of a sensor', () => {
  test('contains the stream name', () => {
    expect(streamOf('/ingest/eeg-1.b_c')).toBe('eeg-1.b_c');
  });

  test.each(['', '.hidden', 'a/b', '%2e%2e', 'a%00', '%', 'x'.repeat(65), 'ü'])('rejects %j as a name', (name) => {
    expect(() => streamOf(`/ingest/${name}`)).toThrow(protocolError('bad-name'));
  });

  test('describes the stream as a hello does', () => {
    expect(helloOf(new URLSearchParams('rate=250&channels=Fz,Cz&unit=uV&kind=eeg&for=a&fresh=1'))).toEqual({
      type: 'hello',
      rate: 250,
      channels: [
        { label: 'Fz', unit: 'uV' },
        { label: 'Cz', unit: 'uV' },
      ],
      kind: 'eeg',
      for: 'a',
      fresh: true,
    });
    expect(helloOf(new URLSearchParams('channels=2&unit=V,A'))).toMatchObject({
      channels: [
        { label: 'ch1', unit: 'V' },
        { label: 'ch2', unit: 'A' },
      ],
    });
    expect(helloOf(new URLSearchParams())).toEqual({ type: 'hello' });
  });

  const malformed: [ErrorCode, string][] = [
    ['bad-rate', 'rate=fast'],
    ['bad-rate', 'rate='],
    ['bad-rate', 'rate=-1'],
    ['bad-rate', 'rate=1e-300'],
    ['bad-channels', 'channels=0'],
    ['too-many-channels', 'channels=99999999'],
    ['bad-label', 'channels=Fz,'],
    ['bad-name', 'for=..'],
  ];
  test.each(malformed)('is rejected as %s: %s', (code, query) => {
    expect(() => helloOf(new URLSearchParams(query))).toThrow(protocolError(code));
  });
});

describe('a reply to a sensor', () => {
  test('is validated too', () => {
    expect(parseIngestReply('{"type":"ack","received":3,"durable":0,"more":1}')).toEqual({
      type: 'ack',
      received: 3,
      durable: 0,
    });
    expect(() => parseIngestReply('{"type":"ack","received":-3,"durable":0}')).toThrow(ProtocolError);
    expect(() => parseIngestReply('{"type":"later"}')).toThrow(protocolError('unknown-type'));
    expect(() => parseIngestReply(new Uint8Array(48))).toThrow(protocolError('binary-refused'));
  });
});
