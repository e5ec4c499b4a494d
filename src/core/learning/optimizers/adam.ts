import { fraction, nonNegative, positive } from '../../check.ts';
import { GradientOptimizer, type LearningRate, learningRateOf, type TunableOptimizer } from './optimizer.ts';

/** Options of `rmsprop`. `learningRate` is required. */
export type RmspropOptions = LearningRate & {
  /** Decay of the running mean of the squared gradient, 0 … 1. Default 0.99. */
  alpha?: number;
  /** Added to the root. Default 1e-8. */
  epsilon?: number;
  /** Weight decay λ: adds the gradient of ½ λ w². Default 0. */
  weightDecay?: number;
};

/**
 * Creates an RMSprop optimizer: v ← α v + (1 - α) g², w ← w - µ g / (√v + ε), with g = ∂L/∂w + λ w. Source: Hinton,
 * lecture 6e (2012).
 */
export function rmsprop(options: RmspropOptions): TunableOptimizer {
  const { alpha = 0.99, epsilon = 1e-8, weightDecay = 0 } = options;
  fraction('alpha', alpha);
  positive('epsilon', epsilon);
  nonNegative('weightDecay', weightDecay);
  return new GradientOptimizer(learningRateOf(options), {
    stateArrays: 1,
    updateArray: (kernels, w, dw, count, memory, step) => {
      kernels.rmsprop(w, dw, memory[0], count, step.learningRate, alpha, 1 - alpha, epsilon, weightDecay);
    },
  });
}

/** Options of `adam` and `adamW`. `learningRate` is required. */
export type AdamOptions = LearningRate & {
  /** Decay of the running mean of the gradient, 0 … 1. Default 0.9. */
  beta1?: number;
  /** Decay of the running mean of the squared gradient, 0 … 1. Default 0.999. */
  beta2?: number;
  /** Added to the root. Default 1e-8. */
  epsilon?: number;
  /** Weight decay λ. Default 0; for `adamW` 0.01. */
  weightDecay?: number;
};

/**
 * Creates an Adam optimizer: m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², w ← w - µ m̂ / (√v̂ + ε), where m̂ = m / (1
 * - β₁ⁿ) and v̂ = v / (1 - β₂ⁿ). With weight decay, g = ∂L/∂w + λ w. Source: Kingma and Ba, 2015.
 */
export function adam(options: AdamOptions): TunableOptimizer {
  return adaptive(options, false);
}

/**
 * Creates an Adam optimizer with decoupled weight decay: w ← (1 - µ λ) w before each update. Source: Loshchilov and
 * Hutter, 2019.
 */
export function adamW(options: AdamOptions): TunableOptimizer {
  return adaptive({ weightDecay: 0.01, ...options }, true);
}

function adaptive(options: AdamOptions, decoupled: boolean): TunableOptimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0 } = options;
  fraction('beta1', beta1);
  fraction('beta2', beta2);
  positive('epsilon', epsilon);
  nonNegative('weightDecay', weightDecay);
  const complement1 = 1 - beta1;
  const complement2 = 1 - beta2;
  return new GradientOptimizer(learningRateOf(options), {
    stateArrays: 2,
    updateArray: (kernels, w, dw, count, memory, step) => {
      const correctedLearningRate = step.learningRate / (1 - integerPower(beta1, step.count));
      const correction = Math.sqrt(1 - integerPower(beta2, step.count));
      const keep = decoupled ? 1 - step.learningRate * weightDecay : 1;
      const decay = decoupled ? 0 : weightDecay;
      const mean = memory[0];
      const square = memory[1];
      kernels.adam(
        w,
        dw,
        mean,
        square,
        count,
        correctedLearningRate,
        correction,
        keep,
        decay,
        beta1,
        complement1,
        beta2,
        complement2,
        epsilon,
      );
    },
  });
}

/**
 * Returns base ^ exponent for integer exponents >= 0, by squaring. Unlike Math.pow, it returns the same bits on every
 * platform.
 */
function integerPower(base: number, exponent: number): number {
  let result = 1;
  for (let square = base, left = exponent; left > 0; left = Math.floor(left / 2), square *= square) {
    if (left % 2 === 1) result *= square;
  }
  return result;
}
