import { positive } from './check.ts';
import { Descent, type Optimizer } from './descent.ts';
import type { Engine } from './engine.ts';
import type { Trained } from './trained.ts';

export interface AutoStepOptions {
  /** μ that every layer starts with, 0 < μ <= 1. Default 0.2. */
  rate?: number;
}

/** How fast μ moves, the least it becomes, what h keeps from step to step, and how fast the mean square of g·h forgets. */
const [pull, least, keep, forget] = [0.003, 1e-3, 0.9995, 0.01];
/** The share of a layer's mean energy that the energy of a step counts for at least. */
const floor = 0.01;

/**
 * A normalised step whose length finds itself, so that nobody has to for every sensor: the default of a learner.
 *
 *     h = ∂w/∂ log μ        log μ ← log μ - 0.003 clip(g·h / rms(g·h))        μ <= 1
 *
 * While errors fall along the way that a longer step would have gone (g·h < 0) the step grows, else it shrinks; every layer has its
 * own. The step is NLMS's, but a kernel's weights share it half alike and half by their size: so the few taps that matter of
 * many channels are found first. h forgets by what the step has overwritten, taken as diagonal.
 * Sources: Benveniste, Métivier and Priouret 1990; Sutton, IDBD, 1992; Benesty and Gay, IPNLMS, 2002; Mahmood et al., Autostep, 2012.
 * `rate` scales the steps of all layers, also while it learns.
 */
export function autoStep({ rate = 0.2 }: AutoStepOptions = {}): Optimizer {
  return new Descent(positive('rate', rate), { arrays: 1, layer: adapt });
}

/** The layer's own numbers: log-free μ / rate (0: not begun), mean square of g·h, mean energy, steps so far. */
function adapt({ arena, kernels }: Engine, layer: Trained, memory: readonly number[], rate: number): void {
  layer.settle();
  const { values, energy } = layer;
  let along = 0;
  for (let i = 0; i < values.length; i++) along += kernels.dot(layer.gradient(i), memory[i], values[i].count);
  const own = memory[values.length];
  const { f32 } = arena;
  const steps = Math.min(f32[own + 3] + 1, 1 / forget);
  const square = f32[own + 1] + (along * along - f32[own + 1]) / steps;
  const turn = square > 0 ? Math.max(-1, Math.min(1, along / Math.sqrt(square))) : 0;
  const share = (steps === 1 ? 1 : f32[own]) * (1 - pull * turn);
  const mean = f32[own + 2] + (energy - f32[own + 2]) / steps;
  f32[own] = Math.max(least / rate, Math.min(1 / rate, share));
  f32[own + 1] = square;
  f32[own + 2] = mean;
  f32[own + 3] = steps;
  layer.adapt(rate * f32[own], memory, keep, floor * mean);
}
