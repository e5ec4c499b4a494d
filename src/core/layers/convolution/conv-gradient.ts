import type { StreamContext } from '../layer.ts';
import { floatsIn, numberIn, type State } from '../../state/state.ts';
import { tame } from '../../tame.ts';
import { Trained, type AdaptingStep, type Part } from '../trained.ts';

/** Outputs whose weight gradient may be owed. */
export const mostOwed = 16;
/** Windows that their running mean forgets over. */
const meanWindows = 1000;

/** What an owed gradient needs to know of its convolution. */
export interface OwedShape {
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
export class ConvGradient extends Trained {
  readonly #shape: OwedShape;
  readonly #hasBias: boolean;
  /** ∂L/∂y of the outputs that are owed, [mostOwed, outputs]. */
  readonly #slopes: number;
  /** The first output that is owed, and how many are. */
  #first = 0;
  #count = 0;
  /** Σ x² of each number of the windows settled since the last update, for steps that adapt. */
  readonly #energies: number;
  /**
   * The running mean of the windows, over `#met` of them. A step that adapts takes windows less their mean, so that an offset of the
   * signal does not drown what moves; the bias takes up the rest.
   */
  readonly #mean: number;
  #met = 0;
  /** Running mean of the energy of windows less their mean. */
  #usual = 0;
  /** Whether steps adapt. */
  #adapts = false;

  constructor({ engine, lease }: StreamContext, values: readonly Part[], shape: OwedShape) {
    super(engine, lease, values);
    this.#shape = shape;
    this.#hasBias = values.length > 1;
    this.#slopes = lease.take(mostOwed * shape.outputs);
    this.#energies = lease.take(shape.length);
    this.#mean = lease.take(shape.length);
  }

  /** The oldest output whose window is still needed; Infinity = none is. */
  get oldest(): number {
    return this.#count > 0 ? this.#first : Infinity;
  }

  /** Owes the gradients of `count` outputs from output `first` on, ∂L/∂y at `g`. Those that say nothing are not owed. */
  owe(first: number, count: number, g: number): void {
    const { outputs } = this.#shape;
    for (let i = 0; i < count; i++) {
      if (!this.says(g + i * outputs, outputs)) continue;
      if (this.#count === mostOwed || first + i !== this.#first + this.#count) this.settle();
      if (this.#count === 0) this.#first = first + i;
      this.engine.kernels.write(g + i * outputs, this.#slopes + this.#count++ * outputs, outputs);
    }
  }

  override settle(): void {
    const count = this.#count;
    if (count === 0) return;
    const { length, step, outputs, windowAt } = this.#shape;
    const { kernels } = this.engine;
    const x = windowAt(this.#first);
    if (this.#adapts) this.#settleAdapting(x);
    else {
      kernels.weightGradient(x, step, count, this.#slopes, outputs, length, outputs, this.gradient(0));
      this.#addEnergy(x, step, count);
    }
    if (this.#hasBias) kernels.biasGradient(this.#slopes, outputs, count, outputs, this.gradient(1));
    this.touch();
    this.#count = 0;
  }

  /** As of any layer, but the weights of a kernel that is alone share the step: half of it alike, half by their size. */
  override adapt(adapting: AdaptingStep, trend: readonly number[]): void {
    if (!adapting.alone) {
      super.adapt(adapting, trend);
      return;
    }
    const { rate, cut, keep, least } = adapting;
    this.#adapts = true;
    const { length, outputs } = this.#shape;
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
      cut / Math.max(1, Math.min(this.#met, meanWindows)),
    );
    this.clear();
  }

  override clear(): void {
    super.clear();
    if (this.#adapts) this.engine.kernels.fill(this.#energies, this.#shape.length, 0);
  }

  override drop(): void {
    super.drop();
    this.#met = 0;
    this.#usual = 0;
    this.engine.kernels.fill(this.#mean, this.#shape.length, 0);
  }

  override save(): State {
    const { f32 } = this.engine.arena;
    const sums = super.save();
    return {
      ...sums,
      adapts: Number(this.#adapts),
      met: this.#met,
      usual: this.#usual,
      mean: f32.slice(this.#mean, this.#mean + this.#shape.length),
      energies: f32.slice(this.#energies, this.#energies + this.#shape.length),
    };
  }

  override restore(state: State): void {
    super.restore(state);
    this.#adapts = numberIn(state, 'adapts') === 1;
    this.#met = numberIn(state, 'met');
    this.#usual = numberIn(state, 'usual');
    this.engine.arena.f32.set(floatsIn(state, 'mean', this.#shape.length), this.#mean);
    this.engine.arena.f32.set(floatsIn(state, 'energies', this.#shape.length), this.#energies);
  }

  override descend(rate: number, epsilon?: number): void {
    const count = this.#count;
    if (!this.clean || count === 0) {
      super.descend(rate, epsilon);
      return;
    }
    const { length, step, outputs, windowAt } = this.#shape;
    const x = windowAt(this.#first);
    const weight = this.values[0].at;
    const bias = this.#hasBias ? this.values[1].at : 0;
    this.engine.kernels.descend(
      x,
      step,
      count,
      this.#slopes,
      outputs,
      length,
      outputs,
      weight,
      bias,
      rate,
      epsilon ?? -1,
    );
    this.#count = 0;
    this.clear();
  }

  /** The gradients of what is owed, of windows less their running mean where there is a bias to take that up. */
  #settleAdapting(x: number): void {
    const { length, step, outputs } = this.#shape;
    const { kernels, scratch } = this.engine;
    const row = (length + 3) & ~3;
    const [window, copy] = [scratch.numbers(row), scratch.numbers(row)];
    for (let n = 0; n < this.#count; n++) {
      kernels.write(x + n * step, window, length);
      if (this.#hasBias) {
        // without what lies behind a window that is no multiple of 4
        kernels.fill(window + length, row - length, 0);
        kernels.write(this.#mean, copy, row);
        kernels.sgd(window, copy, 0, row, 1, 0, 0, 0);
        kernels.write(window, copy, row);
        this.#meet(copy, kernels.energy(window, 0, 1, length, 0, 0));
        if (this.#met === 1) kernels.fill(window, row, 0);
      }
      const slopes = this.#slopes + n * outputs;
      kernels.weightGradient(window, 0, 1, slopes, outputs, length, outputs, this.gradient(0));
      kernels.squares(window, 0, 1, length, this.#energies);
      this.energy = kernels.energy(window, 0, 1, length, this.energy, 0);
    }
  }

  /** Moves the running mean towards a window, given less it, of which a glitch counts for no more than ten usual ones. */
  #meet(window: number, energy: number): void {
    const n = Math.min(++this.#met, meanWindows);
    // the first is the mean
    const counted = n === 1 ? 0 : tame(energy, this.#usual);
    this.#usual += (counted - this.#usual) / n;
    const part = n > 1 && energy > counted ? Math.sqrt(counted / energy) : 1;
    const { length } = this.#shape;
    this.engine.kernels.sgd(this.#mean, window, 0, (length + 3) & ~3, -part / n, 0, 0, 0);
  }

  #addEnergy(x: number, step: number, count: number): void {
    // a bias is a tap on a frame of ones
    this.energy = this.engine.kernels.energy(x, step, count, this.#shape.length, this.energy, this.#hasBias ? 1 : 0);
  }
}
