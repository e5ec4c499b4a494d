import type { Frames } from './frames.ts';
import type { LayerStream } from './layer-stream.ts';

export type ActivationType = 'identity' | 'relu' | 'leakyRelu' | 'elu' | 'tanh' | 'sigmoid' | 'square' | 'abs' | 'log';

interface Activation {
  /** y = f(x). A NaN stays a NaN. */
  readonly value: (x: number, alpha: number) => number;
  /** dy/dx at x, where y = f(x). */
  readonly slope: (x: number, y: number, alpha: number) => number;
  readonly alpha: number;
}

/** Every activation with its slope and the `alpha` it has when none is given. */
export const activations: Readonly<Record<ActivationType, Activation>> = {
  identity: { value: (x) => x, slope: () => 1, alpha: 0 },
  relu: { value: (x) => (x <= 0 ? 0 : x), slope: (x) => (x > 0 ? 1 : 0), alpha: 0 },
  leakyRelu: { value: (x, a) => (x < 0 ? a * x : x), slope: (x, _, a) => (x > 0 ? 1 : a), alpha: 0.01 },
  elu: { value: (x, a) => (x < 0 ? a * Math.expm1(x) : x), slope: (x, y, a) => (x > 0 ? 1 : y + a), alpha: 1 },
  tanh: { value: (x) => Math.tanh(x), slope: (_, y) => 1 - y * y, alpha: 0 },
  sigmoid: { value: (x) => 1 / (1 + Math.exp(-x)), slope: (_, y) => y * (1 - y), alpha: 0 },
  square: { value: (x) => x * x, slope: (x) => 2 * x, alpha: 0 },
  abs: { value: (x) => Math.abs(x), slope: (x) => Math.sign(x), alpha: 0 },
  log: { value: (x, a) => Math.log(x < a ? a : x), slope: (x, _, a) => (x < a ? 0 : 1 / x), alpha: 1e-6 },
};

/** An elementwise layer: y[n, c] = f(x[n, c]). With gradients it keeps its inputs until their gradient has come. */
export class ActivationLayer implements LayerStream {
  readonly #activation: Activation;
  readonly #alpha: number;
  readonly #channels: number;
  /** Inputs whose gradient has not come, [open, channels] from `#first`; null when nothing learns. */
  #inputs: Float32Array | null;
  #first = 0;
  #open = 0;

  constructor(type: ActivationType, alpha: number | undefined, channels: number, gradients: boolean) {
    this.#activation = activations[type];
    this.#alpha = alpha ?? this.#activation.alpha;
    this.#channels = channels;
    this.#inputs = gradients ? new Float32Array(16 * channels) : null;
  }

  push(x: Frames, out: Frames): void {
    const { value } = this.#activation;
    const at = out.reserve(x.count);
    const count = x.count * this.#channels;
    for (let i = 0; i < count; i++) out.data[at + i] = value(x.data[i], this.#alpha);
    for (let i = 0; i < x.count; i++) out.valid[out.count + i] = x.valid[i];
    out.count += x.count;
    if (this.#inputs) this.#keep(x, count);
  }

  flush(): void {}

  backward(g: Frames, dx: Frames): void {
    if (!this.#inputs) return;
    const { value, slope } = this.#activation;
    const at = dx.reserve(g.count);
    const from = this.#first * this.#channels;
    for (let i = 0; i < g.count * this.#channels; i++) {
      const x = this.#inputs[from + i];
      const dy = g.data[i];
      // nothing flows back through what nobody learns from, so that a NaN stays where it is
      dx.data[at + i] = dy === 0 || x - x !== 0 ? 0 : dy * slope(x, Math.fround(value(x, this.#alpha)), this.#alpha);
    }
    dx.count += g.count;
    this.#first += g.count;
    this.#open -= g.count;
  }

  flushGradient(dx: Frames): void {
    dx.appendZeros(this.#open);
    this.#first = 0;
    this.#open = 0;
  }

  outputsFor(frames: number): number {
    return frames;
  }

  shift(): void {}

  #keep(x: Frames, count: number): void {
    const channels = this.#channels;
    let inputs = this.#inputs!;
    const end = (this.#first + this.#open) * channels;
    if (end + count > inputs.length) {
      const held = inputs.subarray(this.#first * channels, end);
      const needed = held.length + count;
      if (2 * needed > inputs.length) inputs = this.#inputs = new Float32Array(4 * needed);
      inputs.set(held, 0);
      this.#first = 0;
    }
    const at = (this.#first + this.#open) * channels;
    for (let i = 0; i < count; i++) inputs[at + i] = x.data[i];
    this.#open += x.count;
  }
}
