import type { Random } from '../../core/random.ts';
import { encodeBlock } from '../../protocol/index.ts';
import { blockAt } from './samples.ts';

/** A generator of malformed messages: a grammar of messages that are almost valid, and mutations of their text or bytes. */
export class HostileMessages {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** A text or binary message of a device. */
  sensor(): string | Uint8Array<ArrayBuffer> {
    return this.#below(3) === 0 ? this.binary() : this.text('sensor');
  }

  /** A text message of a device, of a viewer, or of a server to a viewer, sometimes a list. */
  text(from: 'sensor' | 'viewer' | 'server'): string {
    const objects = {
      sensor: () => this.#sensorObject(),
      viewer: () => this.#viewerObject(),
      server: () => this.#serverObject(),
    };
    const one = objects[from];
    const value = this.#below(12) === 0 ? [one(), one(), one()] : one();
    const text = JSON.stringify(value) ?? 'undefined';
    return this.#below(3) === 0 ? this.#mutated(text) : text;
  }

  /** A binary message whose header, length, or samples are often wrong. */
  binary(): Uint8Array<ArrayBuffer> {
    const [frames, channels] = [this.#below(20), 1 + this.#below(4)];
    const rate = this.#pick([0, 1, 100, 250, 1e9]);
    const bytes = encodeBlock(blockAt(this.#below(1000), frames, { channels, rate, time: this.#below(2e12) }));
    const view = new DataView(bytes.buffer);
    for (let n = this.#below(4); n > 0; n--) {
      const at = this.#below(bytes.length);
      bytes[at] = this.#pick([0, 1, 127, 128, 255, bytes[at] ^ (1 << this.#below(8))]);
    }
    if (this.#below(6) === 0) view.setFloat64(16, this.#pick([NaN, Infinity, -1, 8.64e15, 1e300]), true);
    if (this.#below(6) === 0) view.setBigUint64(8, this.#pick([2n ** 53n, 2n ** 64n - 1n, 2n ** 32n]), true);
    if (this.#below(6) === 0) view.setUint32(32, this.#pick([0, 1, 2 ** 31, 2 ** 32 - 1]), true);
    if (this.#below(4) > 0) return bytes;
    return bytes.slice(0, this.#below(bytes.length + 1));
  }

  /** Bytes that are no WebSocket frame, or one that breaks the rules of RFC 6455. */
  frame(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(2 + this.#below(60));
    for (let at = 0; at < bytes.length; at++) bytes[at] = this.#below(256);
    if (this.#below(2) === 0) bytes[0] = this.#pick([0x81, 0x82, 0x01, 0x00, 0x88, 0x89, 0xf1, 0x83]);
    if (this.#below(2) === 0) bytes[1] = this.#pick([0x00, 0x7f, 0x80, 0xfe, 0xff]);
    return bytes;
  }

  #sensorObject(): unknown {
    const value = () => this.#value();
    const row = () => Array.from({ length: this.#below(5) }, () => this.#number());
    const rows = () => Array.from({ length: 1 + this.#below(3) }, row);
    const run = { ...(this.#below(3) === 0 && { run: value() }), ...(this.#below(4) === 0 && { fresh: value() }) };
    return this.#pick<() => unknown>([
      () => ({ type: 'hello', channels: this.#pick([1, 2, ['a', 'b'], value()]), rate: this.#number(), ...run }),
      () => ({ type: 'hello', channels: 2, kind: value(), for: value(), clock: value() }),
      () => ({ type: 'samples', data: rows() }),
      () => ({ type: 'samples', data: rows(), start: this.#number(), time: value() }),
      () => ({ type: 'samples', data: value(), start: value() }),
      () => ({ type: 'gap', from: this.#number(), count: this.#number() }),
      () => ({ type: 'mark', label: value(), at: value(), frames: value(), duration: value() }),
      () => ({ type: value(), data: value() }),
      () => ({ [String(value())]: value(), ts: value() }),
      () => ({ data: rows(), info: { samplingRate: this.#number(), startTime: value(), channelNames: value() } }),
      () => row(),
      value,
    ])();
  }

  #viewerObject(): unknown {
    const value = () => this.#value();
    const id = this.#pick([0, 1, 2, this.#number()]);
    const stream = this.#pick(['stress.hostile.neighbor', 'none', value()]);
    return this.#pick<() => unknown>([
      () => ({ type: 'subscribe', id, stream, what: this.#pick([['raw'], ['features', 'loss'], value()]) }),
      () => ({ type: 'subscribe', id, stream, what: ['raw'], maxHz: this.#number(), recent: value() }),
      () => ({ type: 'unsubscribe', id }),
      () => ({ type: 'ack', received: this.#number() }),
      () => ({ type: 'history', id, stream, from: this.#number(), to: this.#number(), points: this.#number() }),
      () => ({ type: 'history', id: value(), stream, from: value(), to: value(), points: value() }),
      () => ({ type: 'learning', stream: 'none', learner: value(), on: value(), act: value() }),
      () => ({ type: 'learner', stream: 'none', add: value(), remove: value() }),
      () => ({ type: 'alarm', alarm: this.#number(), do: value(), until: value() }),
      () => ({ type: 'maintenance', streams: value(), until: this.#number() }),
      () => ({ type: value() }),
      value,
    ])();
  }

  #serverObject(): unknown {
    const value = () => this.#value();
    const columns = this.#below(3);
    const row = () => Array.from({ length: this.#below(8) === 0 ? 3 : columns }, () => this.#number());
    const part = (good: unknown) => (this.#below(12) === 0 ? value() : good);
    const channel = () => ({
      label: part('a'),
      unit: part(''),
      min: row(),
      max: part(row()),
      mean: row(),
      count: row(),
    });
    const run = () => ({
      run: part(3),
      rate: part(10),
      start: row(),
      time: row(),
      frames: row(),
      channels: [channel()],
    });
    return this.#pick<() => unknown>([
      () => ({ type: 'history', id: part(1), stream: part('mill'), size: part(64), runs: [run(), part(run())] }),
      () => ({ type: 'history', id: 1, stream: 'mill', size: 1, runs: value(), omitted: value() }),
      () => ({ type: 'error', code: part('busy'), message: part('x'), id: part(1) }),
      () => ({ type: 'mark', id: this.#number(), at: this.#number(), label: value(), time: value() }),
      () => ({ type: 'health', streams: part([]), behind: part(1) }),
      value,
    ])();
  }

  #number(): number {
    return this.#pick([0, 1, -1, 2, 1.5, 100, 250, 2 ** 31, 2 ** 32, 2 ** 53, 1e-7, 1e39, 1e300, -0, 1.7e12, 1.7e9]);
  }

  #value(depth = 0): unknown {
    const deeper = () => (depth < 3 ? this.#value(depth + 1) : null);
    return this.#pick<() => unknown>([
      () => null,
      () => this.#below(2) === 0,
      () => this.#number(),
      () => '',
      () =>
        this.#pick(['a', 'samples', '__proto__', 'constructor', '\u0000', '\ud800', '😀'.repeat(40), 'x'.repeat(200)]),
      () => [],
      () => ({}),
      () => [deeper(), deeper()],
      () => ({ [this.#pick(['a', 'value', 'time', 'type', '__proto__'])]: deeper(), b: deeper() }),
      () => this.#pick(['2023-11-14T22:13:20Z', '2023-99-99', 'now', 'epoch', 'monotonic', 'reset']),
    ])();
  }

  #mutated(text: string): string {
    const at = this.#below(text.length + 1);
    const to = at + this.#below(8);
    const inserted = this.#pick(['{', '}', '[', ']', '"', ',', ':', 'NaN', 'null', '1e999', '\\', '\u0000', '-', ' ']);
    switch (this.#below(5)) {
      case 0:
        return text.slice(0, at);
      case 1:
        return text.slice(0, at) + text.slice(to);
      case 2:
        return text.slice(0, at) + inserted + text.slice(at);
      case 3:
        return text.slice(0, to) + text.slice(at);
      default:
        return text.slice(0, at) + inserted + text.slice(to);
    }
  }

  #below(limit: number): number {
    return Math.floor(this.#random.uniform() * limit);
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)];
  }
}
