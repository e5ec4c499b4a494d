import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { random } from '../../src/core/random.ts';
import type { Kernels } from '../../src/kernels/kernels.ts';
import { leastSquaresLayout, tileEntry } from '../../src/kernels/plain/least-squares.ts';
import { plain, simd } from '../engines.ts';

/** Size of the memory that the kernels of a run can read and write, with canaries on both sides. */
const size = 8192;
const [inSimd, inPlain] = [simd.arena.allocate(size), plain.arena.allocate(size)];

/** Noise with zeros, equal numbers, small and large ones and, if requested, some non-finite numbers. */
function noise(seed: number, odd: boolean): Float32Array {
  const chance = random(seed);
  return Float32Array.from({ length: size }, () => {
    const kind = chance.uniform();
    if (kind < 0.1) return 0;
    if (kind < 0.2) return Math.round(chance.normal()) + 0;
    if (kind < 0.25) return chance.normal() * 1e-20;
    if (kind < 0.3) return chance.normal() * 1e10;
    if (odd && kind < 0.32) return [NaN, Infinity, -Infinity][Math.floor(kind * 1000) % 3];
    return chance.normal();
  });
}

const some = Array.from({ length: 8 }, (_, seed) => [noise(seed, false), noise(seed, true)]);

/** Returns the bits of an engine's numbers, with all NaNs made equal. */
function bitsOf(memory: Float32Array, odd: boolean): Buffer {
  const numbers = odd ? memory.map((number) => (Number.isNaN(number) ? NaN : number)) : memory;
  return Buffer.from(numbers.buffer, numbers.byteOffset, 4 * size);
}

/** Runs a kernel in both engines over the same numbers and expects all of the memory to have the same bits. */
function expectTwins(seed: number, run: (kernels: Kernels, at: number) => unknown, odd = false): void {
  const numbers = some[seed % 8][Number(odd)];
  simd.arena.f32.set(numbers, inSimd);
  plain.arena.f32.set(numbers, inPlain);
  const results = [run(simd.kernels, inSimd), run(plain.kernels, inPlain)];
  const fast = bitsOf(simd.arena.f32.subarray(inSimd, inSimd + size), odd);
  const slow = bitsOf(plain.arena.f32.subarray(inPlain, inPlain + size), odd);
  if (!fast.equals(slow)) expect([...fast]).toEqual([...slow]);
  expect(results[0]).toBe(results[1]);
}

const seeds = fc.nat({ max: 1e6 });
const few = (max: number, min = 1) => fc.integer({ min, max });
const check = (law: fc.IRawProperty<unknown>, runs = 1000) => {
  fc.assert(law as fc.IProperty<unknown>, { seed: 8, numRuns: runs });
};
const lengths = Array.from({ length: 68 }, (_, length) => length);

describe('SIMD and TypeScript give the same bits (invariant 8)', () => {
  test('of a convolution and its gradients, for every length 0 … 67 and every alignment', () => {
    for (const length of lengths) {
      const law = (seed: number, shift: number, outputs: number, frames: number, step: number, bias: boolean) => {
        const [x, w, b, y] = [shift, 1000, 6000 + shift, 6100 + shift];
        expectTwins(seed, (kernels, at) => {
          kernels.convolve(at + x, step, frames, at + w, bias ? at + b : 0, length, outputs, at + y, outputs + shift);
        });
        expectTwins(seed, (kernels, at) => {
          kernels.inputGradient(at + y, outputs, frames, at + w, length, outputs, at + x, step);
        });
        expectTwins(seed, (kernels, at) => {
          kernels.weightGradient(at + x, step, frames, at + y, outputs, length, outputs, at + w);
        });
        expectTwins(seed, (kernels, at) => {
          const epsilon = shift > 1 ? 0.001 : -1;
          kernels.descend(
            at + x,
            step,
            frames,
            at + y,
            outputs,
            length,
            outputs,
            at + w,
            bias ? at + b : 0,
            0.01,
            epsilon,
          );
        });
        expectTwins(seed, (kernels, at) => {
          kernels.biasGradient(at + y, outputs, frames, outputs, at + b);
          return kernels.energy(at + x, step, frames, length, seed / 7, 1);
        });
      };
      check(fc.property(seeds, few(3, 0), few(9), few(13), few(30), fc.boolean(), law), 40);
    }
  });

  test('of a depthwise convolution and its gradients, for every number of taps 0 … 67 and every alignment', () => {
    for (const taps of lengths) {
      const law = (
        seed: number,
        shift: number,
        channels: number,
        multiplier: number,
        frames: number,
        [stride, dilation, biased]: readonly [number, number, boolean],
      ) => {
        const [x, w, b, y] = [shift, 2000, 7500 + shift, 7000 + shift];
        const [xStep, tapStep] = [stride * channels, dilation * channels];
        expectTwins(seed, (kernels, at) => {
          const bias = biased ? at + b : 0;
          kernels.depthwise(at + x, xStep, frames, taps, tapStep, at + w, bias, channels, multiplier, at + y);
        });
        expectTwins(seed, (kernels, at) => {
          kernels.depthwiseInputGradient(at + y, frames, at + w, taps, tapStep, channels, multiplier, at + x, xStep);
        });
        expectTwins(seed, (kernels, at) => {
          kernels.depthwiseWeightGradient(at + x, xStep, frames, at + y, taps, tapStep, channels, multiplier, at + w);
          return kernels.depthwiseEnergy(at + x, taps, tapStep, channels, seed / 7);
        });
        expectTwins(seed, (kernels, at) => {
          return kernels.depthwiseDot(at + w, at + x, taps, channels, multiplier);
        });
      };
      const steps = fc.tuple(few(3), few(3), fc.boolean());
      check(fc.property(seeds, few(3, 0), few(9), few(6), few(6), steps, law), 40);
    }
  });

  test('of a convolution whose taps are not contiguous, for every number of taps 1 … 67 and every alignment', () => {
    for (const taps of lengths.slice(1)) {
      const law = (
        seed: number,
        shift: number,
        fours: number,
        own: number,
        frames: number,
        [stride, dilation, groups, biased]: readonly [number, number, number, boolean],
      ) => {
        const width = 4 * Math.min(fours, Math.max(1, Math.floor(16 / taps)));
        const channels = width * groups;
        const [x, w, b, y] = [shift, 3000, 7900 + shift, 7600 + shift];
        expectTwins(seed, (kernels, at) => {
          kernels.convolveTaps(
            at + x,
            stride * channels,
            frames,
            taps,
            dilation * channels,
            width,
            groups,
            at + w,
            biased ? at + b : 0,
            own * groups,
            at + y,
          );
        });
      };
      const shape = fc.tuple(few(3), few(3), few(2), fc.boolean());
      check(fc.property(seeds, few(3, 0), few(4), few(7), few(7), shape, law), 40);
    }
  });

  test('of copying kernels, for every length and alignment', () => {
    for (const length of lengths) {
      const law = (seed: number, shift: number, taps: number, tapStep: number, frames: number) => {
        expectTwins(seed, (kernels, at) => kernels.write(at + shift, at + 1001, length), true);
        expectTwins(seed, (kernels, at) => {
          kernels.fill(at + shift, length, 0.3);
        });
        expectTwins(seed, (kernels, at) => {
          kernels.gather(at + shift, 3, frames, taps, tapStep, length, at + 2001);
          kernels.scatter(at + 2001, taps, length + tapStep, length, at + 5000 + shift);
        });
      };
      check(fc.property(seeds, few(3, 0), few(5), few(70), few(4), law), 40);
    }
  });

  test('of pools with equal and non-finite samples', () => {
    const law = (seed: number, shift: number, taps: number, channels: number, frames: number, stride: number) => {
      const step = stride * channels;
      const [g, y] = [5000 + shift, 6000 + shift];
      expectTwins(
        seed,
        (kernels, at) => {
          kernels.avgPool(at + shift, step, frames, taps, channels, at + y);
          kernels.maxPool(at + shift, step, frames, taps, channels, at + y + 1000);
        },
        true,
      );
      expectTwins(seed, (kernels, at) => {
        kernels.avgPoolGradient(at + g, frames, taps, channels, at + 2000 + shift, step);
        kernels.maxPoolGradient(at + shift, step, at + g, frames, taps, channels, at + 2000 + shift, step);
      });
    };
    check(fc.property(seeds, few(3, 0), few(9), few(9), few(5), few(9), law));
  });

  test('of an update of every optimizer', () => {
    const law = (seed: number, fours: number, rate: number, momentum: number, decay: number, nesterov: boolean) => {
      const count = 4 * fours;
      const own = { w: 0, dw: 1000, mean: 2000, square: 3000 };
      // sums of squares are not negative
      const square = (kernels: Kernels, at: number) => {
        const { f32 } = (kernels === simd.kernels ? simd : plain).arena;
        for (let i = at + own.square; i < at + own.square + count; i++) f32[i] = Math.abs(f32[i]);
      };
      expectTwins(seed, (kernels, at) => {
        const velocity = momentum > 0 ? at + own.mean : 0;
        kernels.sgd(at + own.w, at + own.dw, velocity, count, rate, momentum, Number(nesterov), decay);
      });
      expectTwins(seed, (kernels, at) => {
        square(kernels, at);
        kernels.rmsprop(at + own.w, at + own.dw, at + own.square, count, rate, 0.99, 0.01, 1e-8, decay);
      });
      expectTwins(seed, (kernels, at) => {
        square(kernels, at);
        const { w, dw, mean } = own;
        kernels.adam(
          at + w,
          at + dw,
          at + mean,
          at + own.square,
          count,
          rate,
          0.3,
          1,
          decay,
          0.9,
          0.1,
          0.999,
          0.001,
          1e-8,
        );
      });
    };
    const fraction = fc.double({ min: 0, max: 0.99, noNaN: true });
    check(fc.property(seeds, few(40), fraction, fc.constantFrom(0, 0.9), fc.constantFrom(0, 0.1), fc.boolean(), law));
  });

  test('of recursive least squares', () => {
    const law = (seed: number, length: number, outputs: number, shift: number, biased: boolean, probes: boolean) => {
      const inputs = length + Number(biased);
      const { inversePower, difference, vectors, factors, tiles, length: count } = leastSquaresLayout(inputs, outputs);
      expectTwins(seed, (kernels, at) => {
        const { buffer } = (kernels === simd.kernels ? simd : plain).arena.f32;
        const state = new Float64Array(buffer, 4 * (at + 3000), count).fill(0);
        for (let j = 0; j < length; j++) state[j] = j / 7;
        for (let j = 0; j < length; j++) state[inversePower + j] = 1 + j / 3;
        for (let j = 0; j < inputs; j++) state[tiles + tileEntry(j, j)] = 1e3 + j;
        state[factors] = 1;
        const dens = [];
        for (let n = 0; n < 5; n++) {
          dens.push(
            kernels.leastSquares(
              at + 3000,
              at + shift + n * length,
              length,
              at + 500 + n,
              outputs,
              at + 1200,
              biased ? at + 600 : 0,
              0.9,
              0.99,
              n === 3 ? 1e-3 : 1e9,
              (3 * n) % inputs,
              probes ? 0.1 : 0,
            ),
          );
          const [d, pairs] = [at + 3000 + 2 * difference, at + 3000 + 2 * vectors];
          dens.push(kernels.followError(d, pairs, (inputs + 1) & ~1, n - 2, 0.1, 0.3));
        }
        return dens.join();
      });
    };
    check(fc.property(seeds, few(24), few(9), few(3, 0), fc.boolean(), fc.boolean(), law));
  });

  test('of the adaptive step', () => {
    const law = (seed: number, length: number, outputs: number, shift: number, rate: number, biased: boolean) => {
      const count = ((outputs + 3) & ~3) * ((length + 3) & ~3);
      expectTwins(seed, (kernels, at) => {
        kernels.squares(at + shift, length, 3, length, at + 1000);
        // the padding is zero
        kernels.fill(at + 1000 + length, 4, 0);
        const bias = biased ? at + 3960 : 0;
        const slope = biased ? at + 3980 : 0;
        const mean = at + 1100;
        const [w, dw, h] = [at + 1200, at + 2000, at + 2800];
        kernels.proportionate(
          w,
          dw,
          h,
          at + 1000,
          mean,
          length,
          outputs,
          bias,
          slope,
          rate,
          5,
          0.5 / length,
          0.99,
          0.1,
        );
        const { f32 } = (kernels === simd.kernels ? simd : plain).arena;
        f32[at + 3700] = kernels.dot(w, h, count);
      });
    };
    const fraction = fc.double({ min: 0, max: 0.99, noNaN: true });
    check(fc.property(seeds, few(60), few(12), few(3, 0), fraction, fc.boolean(), law));
  });
});

describe('all convolutions have one order of summation', () => {
  const expectSame = (
    seed: number,
    run: (kernels: Kernels, at: number) => [y: number, expected: number, count: number],
  ) => {
    for (const [{ kernels, arena }, at] of [
      [simd, inSimd],
      [plain, inPlain],
    ] as const) {
      arena.f32.set(some[seed % 8][0], at);
      const [y, expected, count] = run(kernels, at);
      const words = (from: number) => [...new Uint32Array(arena.f32.slice(from, from + count).buffer)];
      expect(words(y)).toEqual(words(expected));
    }
  };

  test('depthwise kernels give the bits of a dense convolution of one channel', () => {
    const law = (seed: number, taps: number, channels: number, multiplier: number, frames: number, step: number) => {
      const outputs = channels * multiplier;
      expectSame(seed, (kernels, at) => {
        const { f32 } = (kernels === simd.kernels ? simd : plain).arena;
        const [w, y, expected, window, row] = [at + 2000, at + 5000, at + 5500, at + 6000, at + 6100];
        kernels.depthwise(at, step * channels, frames, taps, channels, w, at + 6500, channels, multiplier, y);
        for (let c = 0; c < channels; c++) {
          for (let r = 0; r < multiplier; r++) {
            const o = c * multiplier + r;
            for (let j = 0; j < taps; j++) {
              const from = w + 4 * (((c >> 2) * multiplier + r) * taps + j) + (c & 3);
              f32[row + 4 * (j & ~3) + (j & 3)] = f32[from];
            }
            for (let n = 0; n < frames; n++) {
              kernels.gather(at + n * step * channels + c, 0, 1, taps, channels, 1, window);
              kernels.convolve(window, 0, 1, row, at + 6500 + o, taps, 1, expected + n * outputs + o, 1);
            }
          }
        }
        return [y, expected, frames * outputs];
      });
    };
    check(fc.property(seeds, few(40), few(9), few(4), few(5), few(3), law), 200);
  });

  test('taps that are not contiguous give the bits of a dense convolution of gathered windows', () => {
    const law = (seed: number, taps: number, fours: number, groups: number, own: number, frames: number) => {
      const width = 4 * fours;
      const [channels, outputs, length] = [width * groups, own * groups, taps * width];
      const [step, tapStep] = [channels, 2 * channels];
      const size = ((own + 3) & ~3) * length;
      expectSame(seed, (kernels, at) => {
        const [w, y, expected, windows] = [at + 2000, at + 5200, at + 5700, at + 6300];
        kernels.convolveTaps(at, step, frames, taps, tapStep, width, groups, w, at + 8100, outputs, y);
        for (let group = 0; group < groups; group++) {
          kernels.gather(at + group * width, step, frames, taps, tapStep, width, windows);
          const first = group * own;
          const own0 = w + group * size;
          const bias = at + 8100 + first;
          kernels.convolve(windows, length, frames, own0, bias, length, own, expected + first, outputs);
        }
        return [y, expected, frames * outputs];
      });
    };
    check(fc.property(seeds, few(7), few(3), few(3), few(9), few(9), law), 200);
  });
});
