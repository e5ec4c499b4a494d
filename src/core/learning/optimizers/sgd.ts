import { fraction, invalid, notNegative, positive } from '../../check.ts';
import { GradientOptimizer, type LearningRate, learningRateOf, type Optimizer } from './optimizer.ts';

export type SgdOptions = LearningRate & {
  /** How much of the last step goes on, 0 … 1. Default 0. */
  momentum?: number;
  /** Look ahead along the momentum (Nesterov). Default false. */
  nesterov?: boolean;
  /** λ: the gradient of ½ λ w² is added. Default 0. */
  weightDecay?: number;
};

/**
 * Stochastic gradient descent, equation (6): w ← w - μ g, with g = ∂L/∂w + λ w. With momentum m, as PyTorch writes it:
 * v ← m v + g, and w ← w - μ v, or w ← w - μ (g + m v) with Nesterov's look ahead.
 */
export function sgd(options: SgdOptions): Optimizer {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  const learningRate = learningRateOf(options);
  fraction('momentum', momentum);
  notNegative('weightDecay', weightDecay);
  if (nesterov && momentum === 0) throw invalid('momentum', 'a number > 0 with nesterov', momentum);
  if (momentum === 0 && weightDecay === 0)
    return new GradientOptimizer(learningRate, {
      stateArrays: 0,
      updateLayer: (layer, step) => layer.descend(step.learningRate),
    });
  return new GradientOptimizer(learningRate, {
    stateArrays: momentum > 0 ? 1 : 0,
    updateArray: (kernels, w, dw, count, memory, step) => {
      const velocity = memory.length > 0 ? memory[0] : 0;
      kernels.sgd(w, dw, velocity, count, step.learningRate, momentum, Number(nesterov), weightDecay);
    },
  });
}

export type NlmsOptions = LearningRate & {
  /** Added to the energy. Default 1e-3. */
  epsilon?: number;
};

/**
 * Normalised LMS: as SGD, with μ divided by ε + the energy of the windows that the gradient comes from (Σ x², and 1 for
 * the bias, whose input is 1). 0 < μ < 2 is stable for one layer whatever the signal's size.
 * Source: Haykin, Adaptive Filter Theory, ch. 6. With several layers each is normalised by its own windows.
 */
export function nlms(options: NlmsOptions): Optimizer {
  const { epsilon = 1e-3 } = options;
  positive('epsilon', epsilon);
  return new GradientOptimizer(learningRateOf(options), {
    stateArrays: 0,
    updateLayer: (layer, step) => layer.descend(step.learningRate, epsilon),
  });
}
