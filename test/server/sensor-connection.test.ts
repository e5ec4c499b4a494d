import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeBlock, type ErrorCode, type IngestReply } from '../../src/protocol/index.ts';
import { is, type World, world } from './peer.ts';

let w: World;
beforeEach(async () => {
  w = await world();
});
afterEach(() => w.stop());

const ackOf = (received: number) => (message: IngestReply) => message.type === 'ack' && message.received === received;
const next = (name: string) => w.server.streams().find((stream) => stream.name === name)?.next;

describe('a sensor', () => {
  test('is described by its address and can send plain JSON', async () => {
    const sensor = await w.sensor('a?rate=250&channels=Fz,Cz&unit=uV', {}, []);
    expect(await sensor.until(is('welcome'))).toMatchObject({
      protocol: 'tapline.v1',
      stream: 'a',
      next: 0,
      limits: { maxPayload: 1 << 20, maxText: 256 << 10, maxChannels: 1024 },
    });
    sensor.send('{"type":"samples","data":[[1,2,3],[4,5,6]]}');
    await sensor.until(ackOf(3));
    expect(w.server.streams()).toMatchObject([
      {
        name: 'a',
        rate: 250,
        live: true,
        next: 3,
        channels: [
          { label: 'Fz', unit: 'uV' },
          { label: 'Cz', unit: 'uV' },
        ],
      },
    ]);
  });

  test('that asks for a free name is closed with 4002 while another sensor uses it, before and after its hello', async () => {
    const first = await w.sensor('a?channels=1');
    await first.until(is('welcome'));
    const asking = await w.sensor('a?channels=1&if=free');
    expect(await asking.closed).toEqual({ code: 4002, sentence: 'Another device publishes "a".' });
    expect(asking.messages).toEqual([]);
    const free = await w.sensor('b?if=free');
    const claims = await w.sensor('b?channels=1');
    await claims.until(is('welcome'));
    free.send({ type: 'hello', channels: 1 });
    expect(await free.closed).toMatchObject({ code: 4002 });
    first.send('[1]');
    await first.until(ackOf(1));
    first.socket.close(1000);
    await first.closed;
    await expect.poll(() => w.server.streams().find(({ name }) => name === 'a')?.live).toBe(false);
    const later = await w.sensor('a?channels=1&if=free');
    expect(await later.until(is('welcome'))).toMatchObject({ next: 1 });
    const wrong = await w.sensor('a?if=maybe');
    expect(await wrong.closed).toEqual({ code: 4504, sentence: "if must be 'free', got 'maybe'" });
  });

  test('cannot have a rate below one frame in eleven days, or times beyond the range of a Date', async () => {
    const crawling = await w.sensor('a?rate=1e-300&channels=x');
    expect(await crawling.closed).toEqual({
      code: 4504,
      sentence: 'rate must be 0 or a number from 1e-6 to 1e9 in Hz, got 1e-300',
    });
    const sensor = await w.sensor('a?rate=1e-6&channels=x&clock=epoch');
    sensor.send({ type: 'samples', time: 8.64e21, data: [[1, 2]] });
    expect(await sensor.until(is('error'))).toMatchObject({
      code: 'bad-time',
      message: 'time of the last frame must be at most 8640000000000000 ms, got 2 frames from 8640000000000000 ms',
    });
    sensor.send({ type: 'samples', data: [[1, 2]] });
    await sensor.until(ackOf(2));
  });

  test('can send bare lists of numbers without a hello', async () => {
    const sensor = await w.sensor('thermometer', {}, []);
    sensor.send('[21.5,40]');
    sensor.send('[21.6,41]');
    expect(await sensor.until(is('welcome'))).toMatchObject({ next: 0 });
    await sensor.until(ackOf(2));
    expect(w.server.streams()[0]).toMatchObject({ rate: 0, channels: [{ label: 'ch1' }, { label: 'ch2' }] });
  });

  test('is notified of a gap, and duplicate frames are dropped by index', async () => {
    const sensor = await w.sensor('a?rate=10&channels=1');
    const viewer = await w.viewer();
    await viewer.until((m) => m.type === 'streams' && m.streams.length === 1);
    viewer.send({ type: 'subscribe', id: 1, stream: 'a', what: ['raw'] });
    await viewer.until(is('subscribed'));
    const send = (start: number, ...data: number[]) => sensor.send({ type: 'samples', start, data: [data] });
    send(0, 0, 1, 2);
    send(1, 1, 2);
    send(2, 2, 3, 4);
    send(7, 7);
    expect(await sensor.until(is('gap'))).toEqual({ type: 'gap', from: 5, count: 2 });
    expect(await viewer.until(is('gap'))).toEqual({ type: 'gap', id: 1, from: 5, count: 2 });
    await viewer.until((m) => m.type === 'block' && m.block.start === 7);
    const frames = viewer.messages.flatMap((m) => (m.type === 'block' ? [...m.block.data] : []));
    expect(frames).toEqual([0, 1, 2, 3, 4, 7]);
    sensor.send({ type: 'gap', from: 6, count: 4 });
    await sensor.until(ackOf(10));
  });

  test('can skip up to 2^32 frames at no cost, and no more', async () => {
    const sensor = await w.sensor('a?rate=250&channels=2');
    sensor.send({ type: 'samples', start: 5, data: [[1], [1]] });
    sensor.send({ type: 'samples', start: 6 + 2 ** 32, data: [[1], [1]] });
    await sensor.until(ackOf(7 + 2 ** 32));
    sensor.send({ type: 'samples', start: 8 + 2 ** 33, data: [[1], [1]] });
    sensor.send({ type: 'gap', from: 2 ** 50, count: 1 });
    await sensor.until(is('error'));
    expect(sensor.messages.filter(is('error')).map(({ code }) => code)).toContain('far-index');
    sensor.send({ type: 'samples', data: [[1], [1]] });
    await sensor.until(ackOf(8 + 2 ** 32));
    expect(w.lines.filter((line) => line.includes('broken'))).toEqual([]);
  });

  test('can number frames up to 2^53 - 1, and no further', async () => {
    const sensor = await w.sensor('a?rate=250&channels=1');
    const last = Number.MAX_SAFE_INTEGER;
    sensor.send({ type: 'samples', start: last - 1, data: [[1]] });
    await sensor.until(ackOf(last));
    sensor.send('[2]');
    expect(await sensor.until(is('error'))).toMatchObject({ code: 'bad-index' });
    expect(next('a')).toBe(last);
  });

  test('that reconnects to a server without its stream continues its run', async () => {
    const sensor = await w.sensor('a');
    sensor.send({ type: 'hello', channels: 1, rate: 10, run: 77 });
    expect(await sensor.until(is('welcome'))).toMatchObject({ run: 77, next: 0 });
    sensor.send({ type: 'hello', run: 78 });
    await sensor.until(() => sensor.messages.filter(is('welcome')).length === 2);
    expect(sensor.messages.filter(is('welcome'))[1]).toMatchObject({ run: 77 });
  });

  test('starts a new run with other channels, another rate, or fresh', async () => {
    const sensor = await w.sensor('a?rate=10&channels=1');
    const { run } = await sensor.until(is('welcome'));
    const runs: number[] = [];
    const hello = async (message: object) => {
      const welcomes = sensor.messages.filter(is('welcome')).length;
      sensor.send({ type: 'samples', data: [[1]] });
      sensor.send({ type: 'hello', ...message });
      await sensor.until((m) => m.type === 'welcome' && sensor.messages.filter(is('welcome')).length > welcomes);
      const last = sensor.messages.filter(is('welcome')).at(-1);
      runs.push(last.run - run);
      return last.next;
    };
    expect(await hello({ channels: 1, rate: 10 })).toBe(1);
    expect(await hello({ channels: 1, rate: 20 })).toBe(0);
    expect(await hello({ fresh: true })).toBe(0);
    expect(await hello({ rate: 20 })).toBe(1);
    expect(await hello({ channels: ['x', 'y'] })).toBe(0);
    expect(runs).toEqual([0, 1, 2, 2, 3]);
  });

  test('continues its stream when it reconnects', async () => {
    const first = await w.sensor('a?rate=10&channels=1');
    first.send('[1]');
    await first.until(ackOf(1));
    first.socket.close(1000);
    await first.closed;
    const second = await w.sensor('a?rate=10&channels=1');
    expect(await second.until(is('welcome'))).toMatchObject({ next: 1 });
  });

  test('replaces a connected sensor of the same name, which is closed with a sentence', async () => {
    const old = await w.sensor('a?rate=10&channels=1');
    await old.until(is('welcome'));
    const young = await w.sensor('a?rate=10&channels=1');
    await young.until(is('welcome'));
    expect(await old.closed).toEqual({ code: 4001, sentence: 'A newer device named "a" replaced this one.' });
    expect(w.server.streams()[0].live).toBe(true);
    young.send('[1]');
    await young.until(ackOf(1));
  });
});

describe('a malformed message', () => {
  const block = (change: (view: DataView) => void) => {
    const bytes = encodeBlock({ data: Float32Array.of(1, 2), channels: 2, start: 1, rate: 0, time: 0 });
    change(new DataView(bytes.buffer));
    return bytes;
  };
  const cases: [ErrorCode, string | Uint8Array][] = [
    ['bad-json', '{'],
    ['bad-message', '7'],
    ['unknown-type', '{"type":"subscribe"}'],
    ['bad-shape', '{"type":"samples","data":[[1],[]]}'],
    ['bad-sample', '{"type":"samples","data":[[1],["2"]]}'],
    ['not-finite', '{"type":"samples","data":[[1],[1e999]]}'],
    ['bad-index', '{"type":"samples","start":-1,"data":[[1],[2]]}'],
    ['bad-count', '{"type":"gap","from":1,"count":0}'],
    ['bad-time', '{"type":"samples","time":1e300,"data":[[1],[2]]}'],
    ['bad-rate', '{"type":"hello","rate":-5}'],
    ['wrong-rate', '{"data":[[1],[2]],"info":{"samplingRate":99}}'],
    ['bad-channels', '{"type":"hello","channels":-1}'],
    ['wrong-channels', '[1,2,3]'],
    ['bad-label', '{"type":"mark","at":0,"label":""}'],
    ['bad-name', '{"type":"hello","for":"/"}'],
    ['bad-fresh', '{"type":"hello","fresh":"yes"}'],
    ['bad-run', '{"type":"hello","run":-1}'],
    ['far-index', '{"type":"samples","start":9007199254740000,"data":[[1],[2]]}'],
    ['short-block', new Uint8Array(3)],
    ['bad-block', block((view) => view.setUint8(0, 0))],
    ['bad-version', block((view) => view.setUint8(2, 9))],
    ['bad-kind', block((view) => view.setUint8(3, 1))],
    ['bad-dtype', block((view) => view.setUint8(38, 7))],
    ['bad-flags', block((view) => view.setUint8(39, 128))],
    ['bad-reserved', block((view) => view.setUint8(46, 1))],
    ['bad-length', block((view) => view.setUint32(32, 0xffffffff, true))],
  ];

  test('gets its own error, reaches no stream, and affects no other connection', async () => {
    const healthy = await w.sensor('healthy?rate=10&channels=1');
    const sensor = await w.sensor('a?rate=250&channels=2');
    sensor.send('[1,2]');
    await sensor.until(ackOf(1));
    const feed = w.server.streams()[1];
    for (const [code, message] of cases) {
      const before = sensor.messages.length;
      sensor.send(message);
      await sensor.until((m) => sensor.messages.indexOf(m) >= before && m.type === 'error');
      const errors = sensor.messages.slice(before).filter(is('error'));
      expect(errors.map((error) => error.code)).toEqual([code]);
      expect(errors[0].message).toMatch(/ must (be|come) .*, got |must come after|must be a JSON/);
      healthy.send('[1]');
    }
    await healthy.until(ackOf(cases.length));
    expect(w.server.streams().find(({ name }) => name === 'a')).toEqual(feed);
    sensor.send('[3,4]');
    await sensor.until(ackOf(2));
  });

  test('is rejected by field name, however deep or long it is', async () => {
    const sensor = await w.sensor('a?rate=10&channels=1');
    const deep = '['.repeat(100_000) + ']'.repeat(100_000);
    for (const rate of [deep, `"${'9'.repeat(200_000)}"`]) sensor.send(`{"type":"hello","rate":${rate}}`);
    await sensor.until(() => sensor.messages.filter(is('error')).length === 2);
    expect(sensor.messages.filter(is('error'))).toEqual([
      { type: 'error', code: 'bad-rate', message: 'rate must be 0 or a number from 1e-6 to 1e9 in Hz, got an array' },
      {
        type: 'error',
        code: 'bad-rate',
        message: `rate must be 0 or a number from 1e-6 to 1e9 in Hz, got '${'9'.repeat(61)}...'`,
      },
    ]);
  });

  test('repeated 64 times in a row closes the connection with 4504', async () => {
    const sensor = await w.sensor('a');
    for (let i = 0; i < 64; i++) sensor.send('{');
    const { code, sentence } = await sensor.closed;
    expect(code).toBe(4504);
    expect(sentence).toMatch(/^64 invalid messages in a row\. The last: message must be valid JSON/);
  });

  test('before `hello` is answered with an error', async () => {
    const sensor = await w.sensor('a');
    sensor.send({ type: 'gap', from: 0, count: 1 });
    expect(await sensor.until(is('error'))).toMatchObject({ code: 'no-stream' });
    sensor.send({ type: 'hello', rate: 5 });
    await sensor.until(() => sensor.messages.filter(is('error')).length === 2);
    expect(w.server.streams()).toEqual([]);
  });

  test('that is larger than maxPayload closes with 1009', async () => {
    const sensor = await w.sensor('a');
    sensor.send(' '.repeat((1 << 20) + 1));
    expect((await sensor.closed).code).toBe(1009);
  });

  test('with too many channels closes with 4505', async () => {
    const sensor = await w.sensor('a');
    sensor.send({ type: 'hello', channels: 2000, rate: 1 });
    expect(await sensor.closed).toEqual({ code: 4505, sentence: 'channels must be at most 1024, got 2000' });
  });
});

describe('an address', () => {
  const rejected: [number, string, RegExp][] = [
    [4501, '/nowhere', /^Unknown path\. Use \/ingest/],
    [4501, '/ingest', /^Unknown path\. Use \/ingest/],
    [4502, '/ingest/.hidden', /^name must be/],
    [4502, '/ingest/a%2Fb', /^name must be/],
    [4504, '/ingest/a?rate=fast', /^rate must be/],
    [4505, '/ingest/a?channels=5000', /^channels must be at most/],
  ];
  test.each(rejected)('is rejected with %i: %s', async (code, path, sentence) => {
    const peer = await w.open(path);
    const { code: got, sentence: said } = await peer.closed;
    expect(got).toBe(code);
    expect(said).toMatch(sentence);
  });

  test('that offers only other subprotocols is rejected with 4500', async () => {
    const sensor = await w.sensor('a', {}, ['mqtt']);
    expect(await sensor.closed).toEqual({ code: 4500, sentence: 'Offer the subprotocol tapline.v1 or none.' });
  });
});

describe('streams', () => {
  test('are limited in number; an ended one makes room', async () => {
    await w.stop();
    w = await world({ maxStreams: 1 });
    const first = await w.sensor('a?channels=1');
    await first.until(is('welcome'));
    const second = await w.sensor('b?channels=1');
    expect((await second.closed).code).toBe(4005);
    first.socket.close(1000);
    await first.closed;
    const viewer = await w.viewer();
    await viewer.until((m) => m.type === 'streams' && m.streams[0]?.live === false);
    const third = await w.sensor('b?channels=1');
    await third.until(is('welcome'));
    expect(next('b')).toBe(0);
    expect(next('a')).toBeUndefined();
  });

  test('that ended first make room first; viewers of one continue when it returns', async () => {
    await w.stop();
    w = await world({ maxStreams: 2 });
    const a = await w.sensor('a?channels=1');
    await a.until(is('welcome'));
    const b = await w.sensor('b?channels=1');
    await b.until(is('welcome'));
    const viewer = await w.viewer();
    await viewer.until((m) => m.type === 'streams' && m.streams.length === 2);
    const subscribe = () => {
      viewer.send({ type: 'subscribe', id: 1, stream: 'b', what: ['raw'] });
      const before = viewer.messages.filter(is('subscribed')).length;
      return viewer.until(() => viewer.messages.filter(is('subscribed')).length > before);
    };
    await subscribe();
    for (const sensor of [b, a]) {
      sensor.socket.close(1000);
      await viewer.until(
        () =>
          viewer.messages
            .filter(is('streams'))
            .at(-1)
            ?.streams.some(({ name, live }) => name === (sensor === b ? 'b' : 'a') && !live) ?? false,
      );
    }
    const c = await w.sensor('c?channels=1');
    await c.until(is('welcome'));
    expect(w.server.streams().map(({ name }) => name)).toEqual(['a', 'c']);
    c.socket.close(1000);
    await c.closed;
    const again = await w.sensor('b?channels=1');
    await again.until(is('welcome'));
    await subscribe();
    again.send('[5]');
    expect(await viewer.until(is('block'))).toMatchObject({ id: 1, block: { start: 0, data: Float32Array.of(5) } });
  });
});
