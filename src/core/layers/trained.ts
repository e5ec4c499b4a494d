import type { Engine } from '../memory/engine.ts';
import type { Allocation } from '../memory/lease.ts';
import { floatsIn, numberIn, stateIn, type State } from '../state/state.ts';

/** Numbers in an engine's memory: `count` of them, a multiple of 4, from `at` on. */
export interface MemoryRange {
  readonly at: number;
  readonly count: number;
}

/** How a layer moves by a step that adapts. */
export interface AdaptiveStep {
  /** μ, and what of the gradient counts. */
  rate: number;
  gradientScale: number;
  /** What h keeps from step to step. */
  traceDecay: number;
  /** The least energy that is divided by. */
  minEnergy: number;
  /** Whether no other layer learns. */
  onlyLayer: boolean;
}

/** A layer's parameters and what accumulates beside them in one stream until an optimizer takes it. */
export class ParameterGradients {
  readonly values: readonly MemoryRange[];
  /** Σ over the outputs since the last update of Σ x² of their windows (+ 1 where there is a bias): NLMS divides by it. */
  energy = 0;
  /** Whether nothing was added to the gradients since they were cleared. */
  clean = true;
  protected readonly engine: Engine;
  readonly #allocation: Allocation;
  /** Where the gradient of each parameter lies; 0 until it is asked for. */
  readonly #gradients: number[];

  constructor(engine: Engine, allocation: Allocation, values: readonly MemoryRange[]) {
    this.engine = engine;
    this.values = values;
    this.#allocation = allocation;
    this.#gradients = values.map(() => 0);
  }

  /** Where the gradient of parameter `i` lies. */
  gradient(i: number): number {
    return (this.#gradients[i] ||= this.#allocation.allocate(this.values[i].count));
  }

  /** Adds to the gradients what is still owed to them. */
  addPending(): void {}

  /** w ← w - μ g for all parameters, μ being `rate` or, with `epsilon`, `rate` / (`epsilon` + energy); clears the gradients. */
  descend(rate: number, epsilon?: number): void {
    this.addPending();
    const step = epsilon === undefined ? rate : rate / (epsilon + this.energy);
    for (let i = 0; i < this.values.length; i++) {
      const { at, count } = this.values[i];
      this.engine.kernels.sgd(at, this.gradient(i), 0, count, step, 0, 0, 0);
    }
    this.markCleared();
  }

  /**
   * w ← w - μ g / energy, and what the weights have come to owe to μ, h at `trend`: h ← (keep - μ / n) h - μ g / energy, for arrays of n
   * numbers; clears the gradients, which have settled.
   */
  adapt({ rate, gradientScale: cut, traceDecay: keep, minEnergy: least }: AdaptiveStep, trend: readonly number[]): void {
    const whole = Math.max(this.energy, least);
    const step = whole > 1e-30 ? (rate * cut) / whole : 0;
    const { kernels, scratch } = this.engine;
    for (let i = 0; i < this.values.length; i++) {
      const { at, count } = this.values[i];
      const slope = this.gradient(i);
      if (step > 1e-20) {
        const copy = scratch.allocate(count);
        kernels.write(slope, copy, count);
        // as weights that decay: h ← h - step (g + h (1 - kept) / step)
        kernels.sgd(trend[i], copy, 0, count, step, 0, 0, (1 - keep + (rate * cut) / count) / step);
      }
      kernels.sgd(at, slope, 0, count, step, 0, 0, 0);
    }
    this.markCleared();
  }

  /** After the gradients were cleared. */
  markCleared(): void {
    this.clean = true;
    this.energy = 0;
  }

  /** Forgets what has accumulated. */
  discard(): void {
    this.addPending();
    for (let i = 0; i < this.values.length; i++) this.engine.kernels.fill(this.gradient(i), this.values[i].count, 0);
    this.markCleared();
  }

  /** Whether a row of ∂L/∂y is not all zeros: windows whose outputs have nothing to say count for no energy. */
  hasGradient(row: number, outputs: number): boolean {
    const { f32 } = this.engine.arena;
    for (let o = 0; o < outputs; o++) if (f32[row + o] !== 0) return true;
    return false;
  }

  /** After something was added to the gradients. */
  markDirty(): void {
    this.clean = false;
  }

  /** Copies of the gradients, as the engine holds them. */
  gradients(): Float32Array[] {
    this.addPending();
    return this.values.map(({ count }, i) => {
      const at = this.gradient(i);
      return this.engine.arena.f32.slice(at, at + count);
    });
  }

  /** What has accumulated, as copies. */
  save(): State {
    const gradients = this.gradients().map((gradient, i) => [`gradient${i}`, gradient]);
    return { energy: this.energy, ...(Object.fromEntries(gradients) as State) };
  }

  /** Takes over what `save` wrote. Throws when it is not of such a layer. */
  restore(state: State): void {
    this.energy = numberIn(state, 'energy');
    for (const [i, { count }] of this.values.entries()) {
      const at = this.gradient(i);
      this.engine.arena.f32.set(floatsIn(state, `gradient${i}`, count), at);
    }
    this.clean = false;
  }
}

/** What has accumulated beside the layers of a stream. */
export function saveGradients(layers: readonly ParameterGradients[]): State {
  return Object.fromEntries(layers.map((layer, l) => [`layer${l}`, layer.save()]));
}

/** Takes over what `saveSums` wrote. Throws when it is not of such layers. */
export function restoreGradients(layers: readonly ParameterGradients[], state: State): void {
  for (const [l, layer] of layers.entries()) layer.restore(stateIn(state, `layer${l}`));
}
