import { fraction, notNegative } from './check.ts';
import { Descent, type Optimizer } from './descent.ts';

export interface SgdOptions {
  /** μ, the length of a step. */
  rate: number;
  /** How much of the last step goes on, 0 … 1. Default 0. */
  momentum?: number;
  /** Look ahead along the momentum (Nesterov). Default false. */
  nesterov?: boolean;
  /** λ: the gradient of ½ λ w² is added. Default 0. */
  weightDecay?: number;
}

const f = Math.fround;

/**
 * Stochastic gradient descent, equation (6): w ← w - μ g, with g = ∂L/∂w + λ w. With momentum m, as PyTorch writes it:
 * v ← m v + g, and w ← w - μ v, or w ← w - μ (g + m v) with Nesterov's look ahead.
 */
export function sgd({ rate, momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions): Optimizer {
  fraction('momentum', momentum);
  notNegative('weightDecay', weightDecay);
  return new Descent(rate, momentum > 0 ? 1 : 0, (weights, gradient, [velocity], step) => {
    for (let i = 0; i < weights.length; i++) {
      let slope = weightDecay > 0 ? f(gradient[i] + f(weightDecay * weights[i])) : gradient[i];
      if (momentum > 0) {
        velocity[i] = f(f(momentum * velocity[i]) + slope);
        slope = nesterov ? f(slope + f(momentum * velocity[i])) : velocity[i];
      }
      weights[i] = f(weights[i] - f(step.rate * slope));
    }
  });
}
