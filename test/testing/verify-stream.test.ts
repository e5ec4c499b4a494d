import { describe, expect, test } from 'vitest';
import { Network } from '../../src/core/network/network.ts';
import { type FrameStream, verifyStream } from '../../src/testing/index.ts';

/** A three-tap moving sum of one channel, as a user would write it, with methods to break it. */
class MovingSum implements FrameStream {
  valid = new Uint8Array(0);
  protected line: number[] = [];
  protected sound: boolean[] = [];

  push(x: Float32Array, valid = new Uint8Array(x.length).fill(1)): Float32Array {
    const y = new Float32Array(x.length);
    this.valid = new Uint8Array(x.length);
    for (const [i, value] of x.entries()) {
      this.line = [...this.line, value].slice(-3);
      this.sound = [...this.sound, valid[i] === 1 && Number.isFinite(value)].slice(-3);
      y[i] = this.sum(x, i);
      this.valid[i] = this.sound.length === 3 && this.sound.every(Boolean) ? 1 : 0;
    }
    return y;
  }

  protected sum(x: Float32Array, i: number): number {
    return this.line.slice(0, -1).reduce((sum, value) => sum + value, x[i]);
  }
}

const verify = (makeStream: () => FrameStream) => verifyStream(makeStream, { inChannels: 1, receptiveField: 3 });

describe('verifyStream', () => {
  test('accepts a stream that satisfies every invariant', () => {
    verify(() => new MovingSum());
  });

  test('accepts a network stream with strides and several layers', () => {
    const network = Network.create(
      {
        inChannels: 2,
        layers: [
          { type: 'conv1d', outChannels: 3, kernelSize: 5, stride: 2 },
          { type: 'tanh' },
          { type: 'conv1d', outChannels: 2, kernelSize: 3, dilation: 2 },
        ],
      },
      { seed: 1 },
    );
    verifyStream(() => network.stream(), { inChannels: 2, receptiveField: 13, runs: 10 });
  });

  test('detects a sum that depends on block sizes', () => {
    class PerBlock extends MovingSum {
      protected override sum(x: Float32Array, i: number): number {
        return super.sum(x, i) + (i === 0 ? 0 : 1e-7 * x[i - 1]);
      }
    }
    expect(() => verify(() => new PerBlock())).toThrow(
      /^same bits for any block sizes: blocks of \[.*\] frames: output/,
    );
  });

  test('detects state that two streams share', () => {
    const shared: number[] = [];
    class Sharing extends MovingSum {
      override push(x: Float32Array): Float32Array {
        this.line = shared.length > 0 && this.line.length > 0 ? shared.slice(-3) : this.line;
        const y = super.push(x);
        shared.push(...this.line);
        return y;
      }
    }
    expect(() => verify(() => new Sharing())).toThrow(/^(two streams share no state|same bits)/);
  });

  test('detects a stream that depends on the future', () => {
    class Prophet extends MovingSum {
      protected override sum(x: Float32Array): number {
        return x.length > 1 ? x[x.length - 1] : 0;
      }
    }
    expect(() => verify(() => new Prophet())).toThrow(/^(causality|same bits)/);
  });

  test('detects a NaN that persists', () => {
    class Running extends MovingSum {
      total = 0;
      protected override sum(): number {
        return (this.total += this.line.at(-1) ?? 0);
      }
    }
    expect(() => verify(() => new Running())).toThrow(
      /^NaN affects only outputs whose window includes it: frame \d+ contained NaN/,
    );
  });

  test('detects a non-finite output that is marked valid', () => {
    class Trusting extends MovingSum {
      override push(x: Float32Array): Float32Array {
        const y = super.push(x);
        this.valid.fill(1);
        return y;
      }
    }
    expect(() => verify(() => new Trusting())).toThrow(/a non-finite output was marked valid$/);
  });

  test('detects a skip that differs from pushing invalid zeros', () => {
    class Jumping extends MovingSum {
      skip(count: number): Float32Array {
        return super.push(new Float32Array(count));
      }
    }
    expect(() => verify(() => new Jumping())).toThrow(
      /^skip\(n\) equals pushing n invalid zeros: \d+ frames after \d+/,
    );
  });

  test('requires an input that produces outputs', () => {
    expect(() => verifyStream(() => new MovingSum(), { inChannels: 0 })).toThrow(
      new RangeError('inChannels must be an integer >= 1, got 0'),
    );
    const silent: FrameStream = { push: () => new Float32Array(0) };
    expect(() => verify(() => silent)).toThrow(/^values: 200 frames produced no output/);
  });
});
