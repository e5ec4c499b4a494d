import { invalid } from '../../check.ts';
import { learningRateOf } from './optimizer.ts';
import { GradientOptimizer, type Optimizer } from './optimizer.ts';
import type { Engine } from '../../memory/engine.ts';
import { tame } from '../../tame.ts';
import type { AdaptingStep, Trained } from '../../layers/trained.ts';

export interface AutoStepOptions {
  /** μ that every layer starts with, 0 < μ <= 1. Default 0.2. */
  learningRate?: number;
  /** @deprecated Use `learningRate`. */
  rate?: number;
}

/** How fast μ moves, the least it becomes, what h keeps from step to step, and how fast running means forget. */
const [metaRate, minRate, traceDecay, meanWeight] = [0.003, 1e-3, 0.9995, 0.01];
/** The share of a layer's mean energy that the energy of a step counts for at least. */
const minEnergyShare = 0.01;
/** A layer's own numbers: μ / rate (0: not begun); mean squares of g·h, of its windows and of its errors; steps so far. */
const [rateRatio, meanSquareTrend, meanEnergy, meanError, updates, layerNumbers] = [0, 1, 2, 3, 4, 5];

/**
 * A normalised step whose length finds itself, so that nobody has to for every sensor: the default of a learner.
 *
 *     h = ∂w/∂ log μ        log μ ← log μ - 0.003 clip(g·h / rms(g·h))        μ <= 1
 *
 * While errors fall along the way that a longer step would have gone (g·h < 0) the step grows, else it shrinks; every layer has its
 * own. The step is NLMS's, but the weights of a kernel that stands alone share it half alike and half by their size: so the few
 * taps that matter of many channels are found first. Where L layers learn together they share alike, and μ is divided by √L and by
 * how much larger errors grow on their way down to the layer. h forgets by what the step has overwritten, taken as diagonal.
 * An error that is more than ten times what errors have been counts for ten times, so that a glitch does little harm.
 * Sources: Benveniste, Métivier and Priouret 1990; Sutton, IDBD, 1992; Benesty and Gay, IPNLMS, 2002; Mahmood et al., Autostep, 2012.
 * `rate` scales the steps of all layers, also while it learns. In warm-up and decay μ / rate stays as it is.
 */
export function autoStep(options: AutoStepOptions = {}): Optimizer {
  const rate = learningRateOf(options) ?? 0.2;
  if (!(rate > 0 && rate <= 1)) throw invalid('learningRate', 'a number > 0 and <= 1', rate);
  const step: AdaptingStep = { rate, cut: 1, keep: traceDecay, least: 0, alone: true };
  return new GradientOptimizer(rate, {
    stateArrays: 1,
    layerState: layerNumbers,
    updateLayers(engine, layers, memory, now, part) {
      const last = layers.length - 1;
      step.alone = last === 0;
      let above = 0;
      // from the last layer down: by its errors those of the others are measured
      for (let l = last; l >= 0; l--) {
        const layer = layers[l];
        layer.settle();
        if (layer.clean) continue;
        const own = memory[l][layer.values.length];
        step.cut = measureLayer(engine, layer, own);
        if (part === 1) adaptRate(engine, layer, memory[l], own, rate);
        const { f32 } = engine.arena;
        const error = f32[own + meanError];
        if (l === last) above = error;
        const gain = above > 0 ? Math.max(1, error / above) : 1;
        step.rate = Math.min(1, now * part * (f32[own + rateRatio] || 1)) / (gain * Math.sqrt(layers.length));
        step.least = minEnergyShare * f32[own + meanEnergy];
        layer.adapt(step, memory[l]);
      }
    },
  });
}

/** Counts the layer's energy and error; what of the step is left where the error surprises. */
function measureLayer({ arena, kernels }: Engine, layer: Trained, own: number): number {
  const { values, energy } = layer;
  let square = 0;
  for (let i = 0; i < values.length; i++) {
    const slope = layer.gradient(i);
    square += kernels.dot(slope, slope, values[i].count);
  }
  const { f32 } = arena;
  const n = Math.min(f32[own + updates] + 1, 1 / meanWeight);
  const error = energy > 0 ? square / energy : 0;
  const counted = tame(error, f32[own + meanError]);
  f32[own + updates] = n;
  f32[own + meanError] += (counted - f32[own + meanError]) / n;
  f32[own + meanEnergy] += (tame(energy, f32[own + meanEnergy]) - f32[own + meanEnergy]) / n;
  return error > counted ? Math.sqrt(counted / error) : 1;
}

/** Moves μ / rate along what errors owe to it. */
function adaptRate(
  { arena, kernels }: Engine,
  layer: Trained,
  memory: readonly number[],
  own: number,
  rate: number,
): void {
  let along = 0;
  for (let i = 0; i < layer.values.length; i++)
    along += kernels.dot(layer.gradient(i), memory[i], layer.values[i].count);
  const { f32 } = arena;
  const square =
    f32[own + meanSquareTrend] +
    (tame(along * along, f32[own + meanSquareTrend]) - f32[own + meanSquareTrend]) / f32[own + updates];
  const way = square > 0 ? Math.max(-1, Math.min(1, along / Math.sqrt(square))) : 0;
  const next = (f32[own + rateRatio] || 1) * (1 - metaRate * way);
  f32[own + rateRatio] = Math.max(minRate / rate, Math.min(1 / rate, next));
  f32[own + meanSquareTrend] = square;
}
