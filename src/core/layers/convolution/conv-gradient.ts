import type { StreamContext } from '../layer.ts';
import { floatsIn, numberIn, type State } from '../../state/state.ts';
import { clippedSquare } from '../../tame.ts';
import { ParameterGradients, type AdaptiveStep, type MemoryRange } from '../trained.ts';

/** Outputs whose weight gradient may be owed. */
export const maxPendingOutputs = 16;
/** Windows that their running mean forgets over. */
const maxMeanWindows = 1000;

/** What an owed gradient needs to know of its convolution. */
export interface WindowLayout {
  /** Numbers of one window, and from one window to the next. */
  readonly length: number;
  readonly step: number;
  readonly outputs: number;
  /** Where the window of an output begins. */
  readonly windowAt: (output: number) => number;
}

/**
 * The weight gradient of a convolution whose windows are runs of its delay line. The sum of equation (4) is put off until somebody
 * asks for it: the windows are in the line anyway, and an optimizer that takes the plain gradient then needs no sum in memory
 * at all. Its order, and so its bits, are those of a sum made at once.
 */
export class ConvGradient extends ParameterGradients {
  readonly #layout: WindowLayout;
  readonly #hasBias: boolean;
  /** ∂L/∂y of the outputs that are owed, [mostOwed, outputs]. */
  readonly #outputGradients: number;
  /** The first output that is owed, and how many are. */
  #firstPending = 0;
  #pendingCount = 0;
  /** Σ x² of each number of the windows settled since the last update, for steps that adapt. */
  readonly #energies: number;
  /**
   * The running mean of the windows, over `#met` of them. A step that adapts takes windows less their mean, so that an offset of the
   * signal does not drown what moves; the bias takes up the rest.
   */
  readonly #mean: number;
  #windowCount = 0;
  /** Running mean of the energy of windows less their mean. */
  #meanEnergy = 0;
  /** Whether steps adapt. */
  #adapts = false;

  constructor({ engine, allocation: lease }: StreamContext, values: readonly MemoryRange[], shape: WindowLayout) {
    super(engine, lease, values);
    this.#layout = shape;
    this.#hasBias = values.length > 1;
    this.#outputGradients = lease.allocate(maxPendingOutputs * shape.outputs);
    this.#energies = lease.allocate(shape.length);
    this.#mean = lease.allocate(shape.length);
  }

  /** The oldest output whose window is still needed; Infinity = none is. */
  get oldestPending(): number {
    return this.#pendingCount > 0 ? this.#firstPending : Infinity;
  }

  /** Owes the gradients of `count` outputs from output `first` on, ∂L/∂y at `g`. Those that say nothing are not owed. */
  defer(first: number, count: number, g: number): void {
    const { outputs } = this.#layout;
    for (let i = 0; i < count; i++) {
      if (!this.hasGradient(g + i * outputs, outputs)) continue;
      if (this.#pendingCount === maxPendingOutputs || first + i !== this.#firstPending + this.#pendingCount) this.addPending();
      if (this.#pendingCount === 0) this.#firstPending = first + i;
      this.engine.kernels.write(g + i * outputs, this.#outputGradients + this.#pendingCount++ * outputs, outputs);
    }
  }

  override addPending(): void {
    const count = this.#pendingCount;
    if (count === 0) return;
    const { length, step, outputs, windowAt } = this.#layout;
    const { kernels } = this.engine;
    const x = windowAt(this.#firstPending);
    if (this.#adapts) this.#addPendingCentered(x);
    else {
      kernels.weightGradient(x, step, count, this.#outputGradients, outputs, length, outputs, this.gradient(0));
      this.#addEnergy(x, step, count);
    }
    if (this.#hasBias) kernels.biasGradient(this.#outputGradients, outputs, count, outputs, this.gradient(1));
    this.markDirty();
    this.#pendingCount = 0;
  }

  /** As of any layer, but the weights of a kernel that is alone share the step: half of it alike, half by their size. */
  override adapt(adapting: AdaptiveStep, trend: readonly number[]): void {
    if (!adapting.onlyLayer) {
      super.adapt(adapting, trend);
      return;
    }
    const { rate, gradientScale: cut, traceDecay: keep, minEnergy: least } = adapting;
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
      rate * cut,
      Math.max(this.energy, least),
      0.5 / length,
      keep,
      cut / Math.max(1, Math.min(this.#windowCount, maxMeanWindows)),
    );
    this.markCleared();
  }

  override markCleared(): void {
    super.markCleared();
    if (this.#adapts) this.engine.kernels.fill(this.#energies, this.#layout.length, 0);
  }

  override discard(): void {
    super.discard();
    this.#windowCount = 0;
    this.#meanEnergy = 0;
    this.engine.kernels.fill(this.#mean, this.#layout.length, 0);
  }

  override save(): State {
    const { f32 } = this.engine.arena;
    const sums = super.save();
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

  override descend(rate: number, epsilon?: number): void {
    const count = this.#pendingCount;
    if (!this.clean || count === 0) {
      super.descend(rate, epsilon);
      return;
    }
    const { length, step, outputs, windowAt } = this.#layout;
    const x = windowAt(this.#firstPending);
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
      rate,
      epsilon ?? -1,
    );
    this.#pendingCount = 0;
    this.markCleared();
  }

  /** The gradients of what is owed, of windows less their running mean where there is a bias to take that up. */
  #addPendingCentered(x: number): void {
    const { length, step, outputs } = this.#layout;
    const { kernels, scratch } = this.engine;
    const row = (length + 3) & ~3;
    const [window, copy] = [scratch.allocate(row), scratch.allocate(row)];
    for (let n = 0; n < this.#pendingCount; n++) {
      kernels.write(x + n * step, window, length);
      if (this.#hasBias) {
        // without what lies behind a window that is no multiple of 4
        kernels.fill(window + length, row - length, 0);
        kernels.write(this.#mean, copy, row);
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

  /** Moves the running mean towards a window, given less it, of which a glitch counts for no more than ten usual ones. */
  #updateMean(window: number, energy: number): void {
    const n = Math.min(++this.#windowCount, maxMeanWindows);
    // the first is the mean
    const counted = n === 1 ? 0 : clippedSquare(energy, this.#meanEnergy);
    this.#meanEnergy += (counted - this.#meanEnergy) / n;
    const part = n > 1 && energy > counted ? Math.sqrt(counted / energy) : 1;
    const { length } = this.#layout;
    this.engine.kernels.sgd(this.#mean, window, 0, (length + 3) & ~3, -part / n, 0, 0, 0);
  }

  #addEnergy(x: number, step: number, count: number): void {
    // a bias is a tap on a frame of ones
    this.energy = this.engine.kernels.energy(x, step, count, this.#layout.length, this.energy, this.#hasBias ? 1 : 0);
  }
}
