import { words } from '../../kernels/program-layout.ts';
import type { Engine } from '../memory/engine.ts';
import type { Allocation } from '../memory/allocation.ts';
import { floatsIn, numberIn, stateIn, type State } from '../state/state.ts';

/** A range of an engine's memory, in float32 values. */
export interface MemoryRange {
  /** Offset of the first value. */
  readonly at: number;
  /** Number of values, a multiple of 4. */
  readonly count: number;
}

/** The parameters of an adaptive step. */
export interface AdaptiveStep {
  /** Learning rate µ. */
  learningRate: number;
  /** Factor by which the gradient is scaled down if the error is unusually large. */
  gradientScale: number;
  /** The fraction of the trace h that is kept per step. */
  traceDecay: number;
  /** The lower limit of the energy that the step is divided by. */
  minEnergy: number;
  /** Whether this is the only trained layer. */
  onlyLayer: boolean;
}

/** The parameters of a step of gradient descent. They are passed in an object, because a number in an argument may be boxed. */
export interface Descent {
  /** Learning rate µ. */
  readonly learningRate: number;
  /** If it is not negative, µ is divided by it plus the energy of the layer's windows. */
  readonly epsilon: number;
}

/** The dimensions of a layer whose outputs are linear in one window of inputs. */
export interface Regression {
  /** Numbers per window, and the number of channels of one frame of it. */
  readonly length: number;
  readonly channels: number;
  readonly outputs: number;
  readonly hasBias: boolean;
}

/** The parameters of a layer and their gradients in one stream, which accumulate until an optimizer uses them. */
export class ParameterGradients {
  readonly values: readonly MemoryRange[];
  /** Σ x² over all windows since the last update (+ 1 per window if there is a bias), by which NLMS divides. */
  energy = 0;
  /** Whether nothing was added to the gradients since they were cleared. */
  clean = true;
  protected readonly engine: Engine;
  readonly #allocation: Allocation;
  /** Offset of the gradient of each parameter, 0 until it is first needed. */
  readonly #gradients: number[];
  /** Offset of the layer's words in a running program, which then holds the energy; 0 if none is running. */
  #program = 0;

  constructor(engine: Engine, allocation: Allocation, values: readonly MemoryRange[]) {
    this.engine = engine;
    this.values = values;
    this.#allocation = allocation;
    this.#gradients = values.map(() => 0);
  }

  /** Returns the offset of the gradient of parameter `i`. */
  gradient(i: number): number {
    return (this.#gradients[i] ||= this.#allocation.allocate(this.values[i].count));
  }

  /** Returns Σ a b of two arrays that are packed like parameter `i`. */
  dot(i: number, a: number, b: number): number {
    return this.engine.kernels.dot(a, b, this.values[i].count);
  }

  /** Returns n, the number of weights in the trace of parameter `i`. */
  protected traceSize(i: number): number {
    return this.values[i].count;
  }

  /** Lets a program add to the gradients and the energy. */
  attachSums(layer: Int32Array): void {
    this.#program = layer.byteOffset / 4;
    layer[words.dw] = this.gradient(0);
    layer[words.db] = this.values.length > 1 ? this.gradient(1) : 0;
    layer[words.weights] = this.values[0].count;
    layer[words.dirty] = Number(!this.clean);
    this.engine.arena.f64[(this.#program + words.energy) / 2] = this.energy;
  }

  /** Takes the energy back from the program. */
  detachSums(): void {
    this.#readSums();
    this.#program = 0;
  }

  /** Adds pending terms to the gradients. Call it before you read `energy` or `clean`. */
  addPending(): void {
    if (this.#program > 0) this.#readSums();
  }

  #readSums(): void {
    const { f64, i32 } = this.engine.arena;
    this.energy = f64[(this.#program + words.energy) / 2];
    this.clean = i32[this.#program + words.dirty] === 0;
  }

  /**
   * w ← w - µ g for all parameters, where µ is `learningRate` or, unless `epsilon` is negative, `learningRate` / (`epsilon` +
   * energy). Clears the gradients.
   */
  descend({ learningRate, epsilon }: Descent): void {
    this.addPending();
    const step = epsilon < 0 ? learningRate : learningRate / (epsilon + this.energy);
    for (let i = 0; i < this.values.length; i++) {
      const { at, count } = this.values[i];
      this.engine.kernels.sgd(at, this.gradient(i), 0, count, step, 0, 0, 0);
    }
    this.markCleared();
  }

  /**
   * w ← w - µ g / energy, and updates the trace h = ∂w/∂ log µ at `trend`: h ← (traceDecay - µ / n) h - µ g / energy, for
   * arrays of n numbers. Clears the gradients, which must have no pending terms.
   */
  adapt({ learningRate, gradientScale, traceDecay, minEnergy }: AdaptiveStep, trend: readonly number[]): void {
    const energy = Math.max(this.energy, minEnergy);
    const step = energy > 1e-30 ? (learningRate * gradientScale) / energy : 0;
    const { kernels, scratch } = this.engine;
    for (let i = 0; i < this.values.length; i++) {
      const { at, count } = this.values[i];
      const slope = this.gradient(i);
      if (step > 1e-20) {
        const copy = scratch.allocate(count);
        kernels.write(slope, copy, count);
        // the decay of h is expressed as weight decay: h ← h - step (g + h (1 - kept) / step)
        kernels.sgd(
          trend[i],
          copy,
          0,
          count,
          step,
          0,
          0,
          (1 - traceDecay + (learningRate * gradientScale) / this.traceSize(i)) / step,
        );
      }
      kernels.sgd(at, slope, 0, count, step, 0, 0, 0);
    }
    this.markCleared();
  }

  /** The dimensions for recursive least squares; undefined if the layer is not a convolution with one group. */
  get regression(): Regression | undefined {
    return undefined;
  }

  /** Calls `step` with the offset of the window and of ∂L/∂y of each output since the last update, and clears the gradients. */
  solve(step: (window: number, gradient: number) => void): void {
    throw new TypeError(
      `the layer must be a convolution with one group, got one for which ${step.name} is not possible`,
    );
  }

  /** Resets the counters after the gradients were cleared. */
  markCleared(): void {
    this.clean = true;
    this.energy = 0;
    if (this.#program === 0) return;
    const { f64, i32 } = this.engine.arena;
    f64[(this.#program + words.energy) / 2] = 0;
    i32[this.#program + words.dirty] = 0;
  }

  /** Clears the gradients without an update. */
  discard(): void {
    this.addPending();
    for (let i = 0; i < this.values.length; i++) this.engine.kernels.fill(this.gradient(i), this.values[i].count, 0);
    this.markCleared();
  }

  /** Returns whether a row of ∂L/∂y is not all zeros. Windows of other outputs do not count toward the energy. */
  hasGradient(row: number, outputs: number): boolean {
    const { f32 } = this.engine.arena;
    for (let o = 0; o < outputs; o++) if (f32[row + o] !== 0) return true;
    return false;
  }

  /** Records that something was added to the gradients. */
  markDirty(): void {
    this.clean = false;
  }

  /** Returns copies of the gradients in the engine's layout. */
  gradients(): Float32Array[] {
    this.addPending();
    return this.values.map(({ count }, i) => {
      const at = this.gradient(i);
      return this.engine.arena.f32.slice(at, at + count);
    });
  }

  /** Saves the accumulated gradients. */
  save(): State {
    const gradients = this.gradients().map((gradient, i) => [`gradient${i}`, gradient]);
    return { energy: this.energy, clean: Number(this.clean), ...(Object.fromEntries(gradients) as State) };
  }

  /** Restores what `save` returned. Throws if it is not the state of such a layer. */
  restore(state: State): void {
    this.energy = numberIn(state, 'energy');
    for (const [i, { count }] of this.values.entries()) {
      const at = this.gradient(i);
      this.engine.arena.f32.set(floatsIn(state, `gradient${i}`, count), at);
    }
    // states of earlier versions do not contain `clean`
    this.clean = state.clean === 1;
  }
}

/** Saves the accumulated gradients of all layers. */
export function saveGradients(layers: readonly ParameterGradients[]): State {
  return Object.fromEntries(layers.map((layer, l) => [`layer${l}`, layer.save()]));
}

/** Restores what `saveGradients` returned. Throws if it is not the state of such layers. */
export function restoreGradients(layers: readonly ParameterGradients[], state: State): void {
  for (const [l, layer] of layers.entries()) layer.restore(stateIn(state, `layer${l}`));
}
