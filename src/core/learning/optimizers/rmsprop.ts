import { fraction, notNegative, positive } from '../../check.ts';
import { learningRateOf, type LearningRate } from './learning-rate.ts';
import { Descent, type Optimizer } from './gradient-descent.ts';

export type RmspropOptions = LearningRate & {
  /** How much the running mean of the squared gradient keeps, 0 … 1. Default 0.99. */
  alpha?: number;
  /** Added to the root. Default 1e-8. */
  epsilon?: number;
  /** λ: the gradient of ½ λ w² is added. Default 0. */
  weightDecay?: number;
};

/** RMSprop: v ← α v + (1 - α) g², w ← w - μ g / (√v + ε), g = ∂L/∂w + λ w. Source: Hinton, lecture 6e (2012). */
export function rmsprop(options: RmspropOptions): Optimizer {
  const { alpha = 0.99, epsilon = 1e-8, weightDecay = 0 } = options;
  fraction('alpha', alpha);
  positive('epsilon', epsilon);
  notNegative('weightDecay', weightDecay);
  return new Descent(learningRateOf(options), {
    arrays: 1,
    move: (kernels, w, dw, count, memory, step) => {
      kernels.rmsprop(w, dw, memory[0], count, step.learningRate, alpha, 1 - alpha, epsilon, weightDecay);
    },
  });
}
