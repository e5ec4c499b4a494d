import { fraction, invalid, nonNegative, positive } from '../../check.ts';
import { GradientOptimizer, type LearningRate, learningRateOf, type TunableOptimizer } from './optimizer.ts';

/** Options of `sgd`. `learningRate` is required. */
export type SgdOptions = LearningRate & {
  /** Momentum m, 0 … 1: the share of the last update that is added to the next one. Default 0. */
  momentum?: number;
  /** Use Nesterov momentum. Default false. */
  nesterov?: boolean;
  /** Weight decay λ: adds the gradient of ½ λ w². Default 0. */
  weightDecay?: number;
};

/**
 * Creates a stochastic gradient descent optimizer, equation (6): w ← w - µ g, with g = ∂L/∂w + λ w. With momentum m, as
 * in PyTorch: v ← m v + g, and w ← w - µ v, or w ← w - µ (g + m v) with Nesterov momentum.
 */
export function sgd(options: SgdOptions): TunableOptimizer {
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  const learningRate = learningRateOf(options);
  fraction('momentum', momentum);
  nonNegative('weightDecay', weightDecay);
  if (nesterov && momentum === 0) throw invalid('momentum', 'a number > 0 with nesterov', momentum);
  if (momentum === 0 && weightDecay === 0) return new GradientOptimizer(learningRate, { stateArrays: 0, epsilon: -1 });
  return new GradientOptimizer(learningRate, {
    stateArrays: momentum > 0 ? 1 : 0,
    updateArray: (kernels, w, dw, count, memory, step) => {
      const velocity = memory.length > 0 ? memory[0] : 0;
      kernels.sgd(w, dw, velocity, count, step.learningRate, momentum, Number(nesterov), weightDecay);
    },
  });
}

/** Options of `nlms`. `learningRate` is required; values between 0 and 2 are stable for a network of one layer. */
export type NlmsOptions = LearningRate & {
  /** Added to the energy. Default 1e-3. */
  epsilon?: number;
};

/**
 * Creates a normalized LMS optimizer: SGD with µ divided by ε + the energy of the windows that the gradient comes from
 * (Σ x², plus 1 for the bias). 0 < µ < 2 is stable for one layer at any signal amplitude. With several layers, each is
 * normalized by its own windows. Source: Haykin, Adaptive Filter Theory, ch. 6.
 */
export function nlms(options: NlmsOptions): TunableOptimizer {
  const { epsilon = 1e-3 } = options;
  positive('epsilon', epsilon);
  return new GradientOptimizer(learningRateOf(options), { stateArrays: 0, epsilon });
}
