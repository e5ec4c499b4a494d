import { fraction, invalid, nonNegative } from '../../check.ts';
import { Descent, type Optimizer } from './gradient-descent.ts';

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

/**
 * Stochastic gradient descent, equation (6): w ← w - μ g, with g = ∂L/∂w + λ w. With momentum m, as PyTorch writes it:
 * v ← m v + g, and w ← w - μ v, or w ← w - μ (g + m v) with Nesterov's look ahead.
 */
export function sgd({ rate, momentum = 0, nesterov = false, weightDecay = 0 }: SgdOptions): Optimizer {
  fraction('momentum', momentum);
  nonNegative('weightDecay', weightDecay);
  if (nesterov && momentum === 0) throw invalid('momentum', 'a number > 0 with nesterov', momentum);
  if (momentum === 0 && weightDecay === 0)
    return new Descent(rate, { arrays: 0, plain: (layer, { rate: now }) => layer.descend(now) });
  return new Descent(rate, {
    arrays: momentum > 0 ? 1 : 0,
    move: (kernels, w, dw, count, memory, step) => {
      const velocity = memory.length > 0 ? memory[0] : 0;
      kernels.sgd(w, dw, velocity, count, step.rate, momentum, Number(nesterov), weightDecay);
    },
  });
}
