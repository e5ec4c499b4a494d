import { fraction, notNegative, positive } from './check.ts';
import { Descent, type Optimizer } from './descent.ts';

export interface AdamOptions {
  /** μ, the length of a step. */
  rate: number;
  /** How much the running mean of the gradient keeps, 0 … 1. Default 0.9. */
  beta1?: number;
  /** How much the running mean of its square keeps, 0 … 1. Default 0.999. */
  beta2?: number;
  /** Added to the root. Default 1e-8. */
  epsilon?: number;
  /** λ. Default 0; of `adamW` 0.01. */
  weightDecay?: number;
}

/**
 * Adam: m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², w ← w - μ m̂ / (√v̂ + ε), m̂ and v̂ being m and v over 1 - βⁿ.
 * With weight decay g = ∂L/∂w + λ w. Source: Kingma and Ba 2015.
 */
export function adam(options: AdamOptions): Optimizer {
  return adaptive(options, false);
}

/** Adam whose weight decay is apart from the gradient: w ← (1 - μ λ) w first. Source: Loshchilov and Hutter 2019. */
export function adamW(options: AdamOptions): Optimizer {
  return adaptive({ weightDecay: 0.01, ...options }, true);
}

function adaptive(options: AdamOptions, apart: boolean): Optimizer {
  const { rate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  fraction('beta1', beta1);
  fraction('beta2', beta2);
  positive('epsilon', epsilon);
  notNegative('weightDecay', weightDecay);
  return new Descent(rate, 2, (weights, gradient, [mean, square], step) => {
    const length = step.rate / (1 - beta1 ** step.count);
    const correction = Math.sqrt(1 - beta2 ** step.count);
    for (let i = 0; i < weights.length; i++) {
      const weight = apart ? weights[i] * (1 - step.rate * weightDecay) : weights[i];
      const slope = apart ? gradient[i] : gradient[i] + weightDecay * weight;
      mean[i] = beta1 * mean[i] + (1 - beta1) * slope;
      square[i] = beta2 * square[i] + (1 - beta2) * slope * slope;
      weights[i] = weight - (length * mean[i]) / (Math.sqrt(square[i]) / correction + epsilon);
    }
  });
}
