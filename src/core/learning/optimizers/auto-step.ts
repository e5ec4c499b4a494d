import { invalid } from '../../check.ts';
import { learningRateOf, GradientOptimizer, type TunableOptimizer } from './optimizer.ts';
import type { Engine } from '../../memory/engine.ts';
import { clippedSquare } from '../../clipped-square.ts';
import type { AdaptiveStep, ParameterGradients } from '../../layers/parameter-gradients.ts';

/** Options of `autoStep`. */
export interface AutoStepOptions {
  /** Initial learning rate µ of every layer, 0 < µ <= 1. Default 0.2. */
  learningRate?: number;
  /** @deprecated Use `learningRate`. */
  rate?: number;
}

/** Step size of log µ. */
const metaLearningRate = 0.003;
/** Minimum µ. */
const minLearningRate = 1e-3;
/** Decay of h per update. */
const traceDecay = 0.9995;
/** Weight of a new value in the running means. */
const meanWeight = 0.01;
/** Minimum energy of an update, as a share of the layer's mean energy. */
const minEnergyShare = 0.01;

// offsets in the state of a layer
/** µ / learningRate; 0 = not started. */
const learningRateRatio = 0;
/** Mean square of g·h. */
const meanSquareTrend = 1;
/** Mean energy of the windows. */
const meanEnergy = 2;
/** Mean squared error. */
const meanError = 3;
/** Number of updates counted in the means, at most 1 / `meanWeight`. */
const updates = 4;
/** Length of the state. */
const layerNumbers = 5;

/**
 * Creates the default optimizer of a learner: normalized LMS that adapts its learning rate, so that you do not have to
 * tune it per sensor.
 *
 *     h = ∂w/∂ log µ        log µ ← log µ - 0.003 clip(g·h / rms(g·h))        µ <= 1
 *
 * µ grows while a larger µ would have reduced the error (g·h < 0), and shrinks otherwise. Every layer has its own µ.
 * The update is that of NLMS, but in a network of one layer half of it is distributed evenly over the weights and half
 * in proportion to their size, so that the few relevant taps among many channels are found first. With L layers the
 * distribution is even, and µ is divided by √L and by the factor by which errors grow from the last layer down to this
 * one. h decays by what the update has overwritten, in a diagonal approximation. The mean square of an error counts at
 * most 100 times its running mean, so that a glitch does little harm.
 *
 * `learningRate` scales µ of all layers, also when it is changed during learning. During learning-rate warm-up and
 * decay, µ / learningRate is not adapted.
 *
 * Sources: Benveniste, Métivier, and Priouret, 1990; Sutton, IDBD, 1992; Benesty and Gay, IPNLMS, 2002; Mahmood et al.,
 * Autostep, 2012.
 */
export function autoStep(options: AutoStepOptions = {}): TunableOptimizer {
  const learningRate = learningRateOf(options) ?? 0.2;
  if (!(learningRate > 0 && learningRate <= 1)) throw invalid('learningRate', 'a number > 0 and <= 1', learningRate);
  const step: AdaptiveStep = { learningRate, gradientScale: 1, traceDecay, minEnergy: 0, onlyLayer: true };
  return new GradientOptimizer(learningRate, {
    stateArrays: 1,
    layerState: layerNumbers,
    updateLayers(engine, layers, memory, currentLearningRate, part) {
      const last = layers.length - 1;
      step.onlyLayer = last === 0;
      let lastError = 0;
      // from the last layer down, because the errors of the others are compared with those of the last
      for (let l = last; l >= 0; l--) {
        const layer = layers[l];
        layer.addPending();
        if (layer.clean) continue;
        const state = memory[l][layer.values.length];
        step.gradientScale = measureLayer(engine, layer, state);
        if (part === 1) adaptLearningRate(engine, layer, memory[l], state, learningRate);
        const { f32 } = engine.arena;
        const error = f32[state + meanError];
        if (l === last) lastError = error;
        const gain = lastError > 0 ? Math.max(1, error / lastError) : 1;
        step.learningRate =
          Math.min(1, currentLearningRate * part * (f32[state + learningRateRatio] || 1)) /
          (gain * Math.sqrt(layers.length));
        step.minEnergy = minEnergyShare * f32[state + meanEnergy];
        layer.adapt(step, memory[l]);
      }
    },
  });
}

/** Updates the layer's mean energy and error. Returns the factor that limits the update if the error is an outlier. */
function measureLayer({ arena }: Engine, layer: ParameterGradients, state: number): number {
  const { values, energy } = layer;
  let square = 0;
  for (let i = 0; i < values.length; i++) {
    const gradient = layer.gradient(i);
    square += layer.dot(i, gradient, gradient);
  }
  const { f32 } = arena;
  const n = Math.min(f32[state + updates] + 1, 1 / meanWeight);
  const error = energy > 0 ? square / energy : 0;
  const limited = clippedSquare(error, f32[state + meanError]);
  f32[state + updates] = n;
  f32[state + meanError] += (limited - f32[state + meanError]) / n;
  f32[state + meanEnergy] += (clippedSquare(energy, f32[state + meanEnergy]) - f32[state + meanEnergy]) / n;
  return error > limited ? Math.sqrt(limited / error) : 1;
}

/** Adapts µ / learningRate by the correlation of the gradient with h. */
function adaptLearningRate(
  { arena }: Engine,
  layer: ParameterGradients,
  memory: readonly number[],
  state: number,
  learningRate: number,
): void {
  let trend = 0;
  for (let i = 0; i < layer.values.length; i++) trend += layer.dot(i, layer.gradient(i), memory[i]);
  const { f32 } = arena;
  const square =
    f32[state + meanSquareTrend] +
    (clippedSquare(trend * trend, f32[state + meanSquareTrend]) - f32[state + meanSquareTrend]) / f32[state + updates];
  const direction = square > 0 ? Math.max(-1, Math.min(1, trend / Math.sqrt(square))) : 0;
  const next = (f32[state + learningRateRatio] || 1) * (1 - metaLearningRate * direction);
  f32[state + learningRateRatio] = Math.max(minLearningRate / learningRate, Math.min(1 / learningRate, next));
  f32[state + meanSquareTrend] = square;
}
