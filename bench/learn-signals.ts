import { random } from '../src/core/random.ts';

/** A task with a known best answer: input [frames, channels], and target [frames, 1] unless the input is forecast. */
export interface Signal {
  readonly channels: number;
  readonly x: Float32Array;
  readonly target?: Float32Array;
  /** Part of the target that cannot be explained, such as a talker near an echo canceller. */
  readonly unexplained?: Float32Array;
}

/** Two resonances at 10 Hz of 250 Hz, AR(2) with poles of radius 0.97, plus noise. */
export function resonance(seed: number, frames: number): Signal {
  const chance = random(seed);
  const [a1, a2] = [2 * 0.97 * Math.cos((2 * Math.PI * 10) / 250), -0.97 * 0.97];
  const x = new Float32Array(2 * frames);
  const state = [
    [0, 0],
    [0, 0],
  ];
  for (let t = 0; t < frames; t++)
    for (let c = 0; c < 2; c++) {
      const [one, two] = state[c];
      state[c] = [a1 * one + a2 * two + chance.normal(), one];
      x[2 * t + c] = state[c][0] / 12 + 0.2 * chance.normal();
    }
  return { channels: 2, x };
}

/** The Mackey-Glass equation with a delay of 17, in standard deviations, plus noise of `noise` standard deviations. */
export function mackeyGlass(seed: number, frames: number, noise: number): Signal {
  const chance = random(seed);
  const steps = 170;
  const past = Float64Array.from({ length: steps }, () => 1.2 + 0.1 * chance.normal());
  const x = new Float32Array(frames);
  let value = 1.2;
  for (let step = 0; step < 10 * (frames + 1000); step++) {
    const delayed = past[step % steps];
    past[step % steps] = value;
    value += 0.1 * ((0.2 * delayed) / (1 + delayed ** 10) - 0.1 * value);
    if (step >= 10_000 && step % 10 === 9) x[Math.floor(step / 10) - 1000] = value;
  }
  return { channels: 1, x: standardized(x, 1).map((sample) => sample + noise * chance.normal()) };
}

/** The Lorenz equations, one frame per 0.05, in standard deviations. */
export function lorenz(seed: number, frames: number): Signal {
  const chance = random(seed);
  let state = [1 + chance.normal(), 1 + chance.normal(), 20];
  const slope = ([x, y, z]: number[]) => [10 * (y - x), x * (28 - z) - y, x * y - (8 / 3) * z];
  const moved = (from: number[], by: number[], step: number) => from.map((value, i) => value + step * by[i]);
  const x = new Float32Array(3 * frames);
  for (let step = -1000; step < 5 * frames; step++) {
    const first = slope(state);
    const second = slope(moved(state, first, 0.005));
    const third = slope(moved(state, second, 0.005));
    const fourth = slope(moved(state, third, 0.01));
    state = state.map((value, i) => value + (0.01 / 6) * (first[i] + 2 * second[i] + 2 * third[i] + fourth[i]));
    if (step >= 0 && step % 5 === 4) x.set(state, 3 * Math.floor(step / 5));
  }
  return { channels: 3, x: standardized(x, 3) };
}

/** Inputs of a hidden FIR filter. */
export type Inputs = 'white' | 'AR 0.9' | 'mixed channels' | 'units 1 … 200 apart';

/** A hidden FIR filter of 8 channels × 32 taps; its output has noise at -30 dB. */
export function plant(seed: number, frames: number, inputs: Inputs): Signal {
  const [channels, taps] = [8, 32];
  const chance = random(seed);
  const mixing = Float64Array.from({ length: channels * channels }, () => chance.normal());
  const unit = (c: number) => (inputs === 'units 1 … 200 apart' ? 10 ** (c / 3) : 1);
  const source = new Float64Array(channels);
  const x = new Float32Array(frames * channels);
  for (let t = 0; t < frames; t++) {
    for (let c = 0; c < channels; c++)
      source[c] = inputs === 'white' ? chance.normal() : 0.9 * source[c] + Math.sqrt(0.19) * chance.normal();
    for (let c = 0; c < channels; c++) {
      const mixed = (other: number) => source[other] * (mixing[other] + 0.3 * mixing[c * channels + other]);
      const sum = inputs === 'mixed channels' ? 0.5 * source.reduce((before, _, i) => before + mixed(i), 0) : source[c];
      x[t * channels + c] = sum * unit(c);
    }
  }
  const kernel = Float64Array.from({ length: channels * taps }, (_, i) => chance.normal() * Math.exp(-(i >> 3) / 8));
  const target = convolved(x, channels, kernel, (i) => 1 / unit(i % channels));
  return { channels, x, target: target.map((sample) => sample + 0.0316 * chance.normal()) };
}

/**
 * The echo of a loudspeaker over 128 taps, with a talker in frames 22,000 to 24,000. The path changes at frame 15,000. `x` is the
 * microphone and the loudspeaker.
 */
export function echo(seed: number, frames: number): Signal {
  const chance = random(seed);
  const reference = new Float32Array(frames);
  for (let t = 0, state = 0; t < frames; t++) {
    state = 0.9 * state + Math.sqrt(0.19) * chance.normal();
    reference[t] = state * (0.3 + Math.abs(Math.sin(t / 1700)));
  }
  const path = () => Float64Array.from({ length: 128 }, (_, i) => chance.normal() * Math.exp(-i / 25));
  const [before, after] = [convolved(reference, 1, path()), convolved(reference, 1, path())];
  const heard = before.map((sample, t) => (t < 15_000 ? sample : after[t]));
  const near = heard.map((_, t) => 0.0316 * chance.normal() + (t >= 22_000 && t < 24_000 ? 0.7 * chance.normal() : 0));
  const x = new Float32Array(2 * frames);
  for (let t = 0; t < frames; t++) x.set([heard[t] + near[t], reference[t]], 2 * t);
  return { channels: 2, x, target: heard, unexplained: near };
}

/** A convolution with a kernel in lag order, in standard deviations. */
function convolved(
  x: Float32Array,
  channels: number,
  kernel: Float64Array,
  scale: (i: number) => number = () => 1,
): Float32Array {
  const frames = x.length / channels;
  const y = Float32Array.from({ length: frames }, (_, t) => {
    let sum = 0;
    const known = Math.min(kernel.length, (t + 1) * channels);
    for (let i = 0; i < known; i++)
      sum += kernel[i] * scale(i) * x[(t - Math.floor(i / channels)) * channels + (i % channels)];
    return sum;
  });
  return standardized(y, 1);
}

function standardized(x: Float32Array, channels: number): Float32Array {
  const result = x.slice();
  const frames = x.length / channels;
  for (let c = 0; c < channels; c++) {
    let [sum, square] = [0, 0];
    for (let t = 0; t < frames; t++) sum += x[t * channels + c];
    for (let t = 0; t < frames; t++) square += (x[t * channels + c] - sum / frames) ** 2;
    for (let t = 0; t < frames; t++)
      result[t * channels + c] = (x[t * channels + c] - sum / frames) / Math.sqrt(square / frames);
  }
  return result;
}
