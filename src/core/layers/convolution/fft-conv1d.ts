import { Conv1d } from './conv1d.ts';
import type { Conv1dShape } from './packed-kernels.ts';
import { FftConvolution } from './fft-convolution.ts';
import type { MakeTransform } from './transform.ts';
import type { FftRule } from './fft-rule.ts';
import type { StreamContext } from '../layer.ts';
import type { MemoryRange } from '../parameter-gradients.ts';

/**
 * A convolution that uses an FFT if a call brings enough outputs (see `fftRule`), and direct sums otherwise. Kernels are
 * transformed when first needed. After a change of the weights, they are transformed once the weights have stayed the
 * same between two calls, so that weights that change with every block cause no transforms.
 */
export class FftConv1d extends Conv1d {
  readonly #fft: FftConvolution;
  readonly #minOutputs: number;
  readonly #values: readonly MemoryRange[];
  readonly #outputs: number;
  readonly #weights: StreamContext['weights'];
  /** The version of the weights in the previous call, and the version whose spectra are stored. */
  #version: number;
  #transformedVersion = -1;

  constructor(
    shape: Conv1dShape,
    values: readonly MemoryRange[],
    context: StreamContext,
    { size, minOutputs, block }: FftRule,
    make: MakeTransform,
  ) {
    super({ ...shape, block }, values, context);
    this.#fft = new FftConvolution(context.engine, shape, size, make);
    this.#minOutputs = minOutputs;
    this.#values = values;
    this.#outputs = shape.outChannels;
    this.#weights = context.weights;
    this.#version = context.weights.version;
  }

  protected override forward(x: number, count: number, y: number, first: number): void {
    const { stride } = this.windowing;
    for (let n = 0; n < count;) {
      const some = Math.min(count - n, this.#fft.maxOutputs);
      const from = x + n * stride * this.line.channels;
      const to = y + n * this.#outputs;
      if (!this.#transform(from, some, to)) super.forward(from, some, to, first + n);
      n += some;
    }
  }

  /** Computes `count` outputs by FFT. Returns false if that would be slower or is not possible. */
  #transform(x: number, count: number, y: number): boolean {
    if (count < this.#minOutputs) return false;
    const { version } = this.#weights;
    const stayed = version === this.#version;
    this.#version = version;
    if (!stayed) return false;
    const [weight, bias] = this.#values as readonly (MemoryRange | undefined)[];
    if (this.#transformedVersion !== version) this.#fft.setKernels(weight!.at);
    this.#transformedVersion = version;
    return this.#fft.convolve(x, count, bias?.at ?? 0, y);
  }
}
