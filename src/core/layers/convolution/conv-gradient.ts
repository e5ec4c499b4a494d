import type { StreamContext } from '../layer.ts';
import { floatsIn, numberIn, type State } from '../../state/state.ts';
import { words } from '../../../kernels/program-layout.ts';
import { clippedSquare } from '../../clipped-square.ts';
import {
  ParameterGradients,
  type AdaptiveStep,
  type Descent,
  type MemoryRange,
  type Regression,
} from '../parameter-gradients.ts';

/** Maximum number of outputs whose contribution to the weight gradient is deferred. */
export const maxPendingOutputs = 16;
/** Time constant of the running mean of the windows, in windows. */
const maxMeanWindows = 1000;

/** The location of a convolution's windows in its delay line. */
export interface WindowLayout {
  /** Numbers per window, and the distance between consecutive windows in numbers. */
  readonly length: number;
  readonly step: number;
  readonly outputs: number;
  /** Channels of a frame. */
  readonly channels: number;
  /** Returns the offset of the window of an output. Not while a program runs the layer. */
  readonly windowAt: (output: number) => number;
}

/**
 * The weight gradient of a convolution whose windows are contiguous in its delay line. The sum of equation (4) is
 * deferred until it is needed: the windows stay in the line anyway, and an optimizer that uses the plain gradient then
 * requires no sum in memory. The order of the sum, and therefore its bits, are the same as without deferring.
 */
export class ConvGradient extends ParameterGradients {
  readonly #layout: WindowLayout;
  readonly #hasBias: boolean;
  /** ∂L/∂y of the pending outputs, [maxPendingOutputs, outputs]. */
  readonly #outputGradients: number;
  /** The first pending output, and the number of pending outputs. */
  #firstPending = 0;
  #pendingCount = 0;
  /** Offset of the layer's words in a running program, which then holds the pending outputs; 0 if none is running. */
  #program = 0;
  /** Σ x² for each number of the windows since the last update, for adaptive steps. */
  readonly #energies: number;
  /**
   * The running mean of the windows, over `#windowCount` of them. Adaptive steps use windows minus their mean, so that
   * an offset of the signal does not mask its changes. The bias compensates for the mean.
   */
  readonly #mean: number;
  #windowCount = 0;
  /** Running mean of the energy of the centered windows. */
  #meanEnergy = 0;
  /** Whether adaptive steps are used. */
  #adapts = false;

  constructor({ engine, allocation }: StreamContext, values: readonly MemoryRange[], layout: WindowLayout) {
    super(engine, allocation, values);
    this.#layout = layout;
    this.#hasBias = values.length > 1;
    this.#outputGradients = allocation.allocate(maxPendingOutputs * layout.outputs);
    this.#energies = allocation.allocate(layout.length);
    this.#mean = allocation.allocate(layout.length);
  }

  /** Hands the pending outputs to a program, whose next output without a gradient is `received`. */
  attach(layer: Int32Array, received: number): void {
    if (this.#pendingCount > 0 && this.#firstPending + this.#pendingCount !== received) this.addPending();
    const { step, channels } = this.#layout;
    const stride = step / channels;
    layer[words.slopes] = this.#outputGradients;
    layer[words.pending] = this.#pendingCount;
    layer[words.pendingWindow] = layer[words.received] - (received - this.#firstPending) * stride;
    this.#program = layer.byteOffset / 4;
    this.#writeDirty();
  }

  /** Takes the pending outputs back from the program. `first` is the first of them. */
  detach(first: number): void {
    this.#pendingCount = this.#count;
    this.#firstPending = first;
    this.#program = 0;
  }

  /** Number of pending outputs. */
  get #count(): number {
    return this.#program > 0 ? this.engine.arena.i32[this.#program + words.pending] : this.#pendingCount;
  }

  /** Offset of the window of the first pending output. */
  get #window(): number {
    if (this.#program === 0) return this.#layout.windowAt(this.#firstPending);
    const { i32 } = this.engine.arena;
    return i32[this.#program + words.line] + i32[this.#program + words.pendingWindow] * this.#layout.channels;
  }

  /** Returns the offset of the window of `received`, the oldest output without a gradient. */
  oldestWindow(received: number): number {
    if (this.#program === 0) return this.#layout.windowAt(received);
    const { i32 } = this.engine.arena;
    return i32[this.#program + words.line] + i32[this.#program + words.received] * this.#layout.channels;
  }

  #clearPending(): void {
    this.#pendingCount = 0;
    if (this.#program > 0) this.engine.arena.i32[this.#program + words.pending] = 0;
  }

  /** The oldest output whose window is still needed, Infinity if there is none. */
  get oldestPending(): number {
    return this.#pendingCount > 0 ? this.#firstPending : Infinity;
  }

  /**
   * Defers the gradients of `count` outputs from output `first` on, ∂L/∂y at `g`. Outputs with a zero gradient are
   * ignored.
   */
  defer(first: number, count: number, g: number): void {
    const { outputs } = this.#layout;
    for (let i = 0; i < count; i++) {
      if (!this.hasGradient(g + i * outputs, outputs)) continue;
      if (this.#pendingCount === maxPendingOutputs || first + i !== this.#firstPending + this.#pendingCount)
        this.addPending();
      if (this.#pendingCount === 0) this.#firstPending = first + i;
      this.engine.kernels.write(g + i * outputs, this.#outputGradients + this.#pendingCount++ * outputs, outputs);
    }
  }

  override markDirty(): void {
    super.markDirty();
    this.#writeDirty();
  }

  #writeDirty(): void {
    if (this.#program > 0) this.engine.arena.i32[this.#program + words.dirty] = Number(!this.clean);
  }

  override addPending(): void {
    const count = this.#count;
    if (count === 0) return;
    const { length, step, outputs } = this.#layout;
    const { kernels } = this.engine;
    const x = this.#window;
    if (this.#adapts) this.#addPendingCentered(x, count);
    else {
      kernels.weightGradient(x, step, count, this.#outputGradients, outputs, length, outputs, this.gradient(0));
      this.#addEnergy(x, step, count);
    }
    if (this.#hasBias) kernels.biasGradient(this.#outputGradients, outputs, count, outputs, this.gradient(1));
    this.markDirty();
    this.#clearPending();
  }

  /**
   * Updates the parameters like any layer. If no other layer is trained, the weights of each kernel share the learning
   * rate, half of it equally and half in proportion to their size (IPNLMS).
   */
  override adapt(adapting: AdaptiveStep, trend: readonly number[]): void {
    if (!adapting.onlyLayer) {
      super.adapt(adapting, trend);
      return;
    }
    const { learningRate, gradientScale, traceDecay, minEnergy } = adapting;
    this.#adapts = true;
    const { length, outputs } = this.#layout;
    const bias = this.#hasBias;
    this.engine.kernels.proportionate(
      this.values[0].at,
      this.gradient(0),
      trend[0],
      this.#energies,
      this.#mean,
      length,
      outputs,
      bias ? this.values[1].at : 0,
      bias ? this.gradient(1) : 0,
      learningRate * gradientScale,
      Math.max(this.energy, minEnergy),
      0.5 / length,
      traceDecay,
      gradientScale / Math.max(1, Math.min(this.#windowCount, maxMeanWindows)),
    );
    this.markCleared();
  }

  override markCleared(): void {
    super.markCleared();
    this.#writeDirty();
    if (this.#adapts) this.engine.kernels.fill(this.#energies, this.#layout.length, 0);
  }

  override discard(): void {
    super.discard();
    this.#windowCount = 0;
    this.#meanEnergy = 0;
    this.engine.kernels.fill(this.#mean, this.#layout.length, 0);
  }

  override save(): State {
    const sums = super.save(); // can grow the memory
    const { f32 } = this.engine.arena;
    return {
      ...sums,
      adapts: Number(this.#adapts),
      met: this.#windowCount,
      usual: this.#meanEnergy,
      mean: f32.slice(this.#mean, this.#mean + this.#layout.length),
      energies: f32.slice(this.#energies, this.#energies + this.#layout.length),
    };
  }

  override restore(state: State): void {
    super.restore(state);
    this.#adapts = numberIn(state, 'adapts') === 1;
    this.#windowCount = numberIn(state, 'met');
    this.#meanEnergy = numberIn(state, 'usual');
    this.engine.arena.f32.set(floatsIn(state, 'mean', this.#layout.length), this.#mean);
    this.engine.arena.f32.set(floatsIn(state, 'energies', this.#layout.length), this.#energies);
  }

  override descend(descent: Descent): void {
    const count = this.#count;
    if (!this.clean || count === 0) {
      super.descend(descent);
      return;
    }
    const { length, step, outputs } = this.#layout;
    const x = this.#window;
    const weight = this.values[0].at;
    const bias = this.#hasBias ? this.values[1].at : 0;
    this.engine.kernels.descend(
      x,
      step,
      count,
      this.#outputGradients,
      outputs,
      length,
      outputs,
      weight,
      bias,
      descent.learningRate,
      descent.epsilon,
    );
    this.#clearPending();
    this.markCleared();
  }

  override get regression(): Regression {
    const { length, outputs, channels } = this.#layout;
    return { length, outputs, channels, hasBias: this.#hasBias };
  }

  override solve(step: (window: number, gradient: number) => void): void {
    const { outputs, step: windowStep } = this.#layout;
    const [count, x] = [this.#count, this.#window];
    for (let n = 0; n < count; n++) if (this.#isUsed(n)) step(x + n * windowStep, this.#outputGradients + n * outputs);
    this.#clearPending();
    if (this.clean) this.markCleared();
    else this.discard();
  }

  /** Adds the pending gradients. If there is a bias, the running mean is subtracted from each window. */
  #addPendingCentered(x: number, count: number): void {
    const { length, step, outputs } = this.#layout;
    const { kernels, scratch } = this.engine;
    const row = (length + 3) & ~3;
    const [window, copy] = [scratch.allocate(row), scratch.allocate(row)];
    for (let n = 0; n < count; n++) {
      if (!this.#isUsed(n)) continue;
      kernels.write(x + n * step, window, length);
      if (this.#hasBias) {
        // clear the padding behind a window whose length is not a multiple of 4
        kernels.fill(window + length, row - length, 0);
        kernels.write(this.#mean, copy, row);
        // window -= mean: the sgd kernel without momentum and decay clears its second array, so it gets a copy
        kernels.sgd(window, copy, 0, row, 1, 0, 0, 0);
        kernels.write(window, copy, row);
        this.#updateMean(copy, kernels.energy(window, 0, 1, length, 0, 0));
        if (this.#windowCount === 1) kernels.fill(window, row, 0);
      }
      const slopes = this.#outputGradients + n * outputs;
      kernels.weightGradient(window, 0, 1, slopes, outputs, length, outputs, this.gradient(0));
      kernels.squares(window, 0, 1, length, this.#energies);
      this.energy = kernels.energy(window, 0, 1, length, this.energy, 0);
    }
  }

  /**
   * Updates the running mean with a centered window. A window of more than 10 times the usual amplitude counts as 10
   * times.
   */
  #updateMean(window: number, energy: number): void {
    const n = Math.min(++this.#windowCount, maxMeanWindows);
    // the first window is the mean
    const counted = n === 1 ? 0 : clippedSquare(energy, this.#meanEnergy);
    this.#meanEnergy += (counted - this.#meanEnergy) / n;
    const part = n > 1 && energy > counted ? Math.sqrt(counted / energy) : 1;
    const { length } = this.#layout;
    // mean += (part / n) · window
    this.engine.kernels.sgd(this.#mean, window, 0, (length + 3) & ~3, -part / n, 0, 0, 0);
  }

  #addEnergy(x: number, step: number, count: number): void {
    const { length } = this.#layout;
    // a bias acts like a tap on a constant input of 1
    const more = this.#hasBias ? 1 : 0;
    for (let n = 0; n < count; n++)
      if (this.#isUsed(n)) this.energy = this.engine.kernels.energy(x + n * step, step, 1, length, this.energy, more);
  }

  /** Returns whether the gradient of pending output `n` is not zero. A program also defers zeros between others. */
  #isUsed(n: number): boolean {
    const { outputs } = this.#layout;
    return this.hasGradient(this.#outputGradients + n * outputs, outputs);
  }
}
