import { positive } from '../../check.ts';
import { Descent, type Optimizer } from './gradient-descent.ts';

/**
 * Normalised LMS: as SGD, with μ divided by ε + the energy of the windows that the gradient comes from (Σ x², and 1 for
 * the bias, whose input is 1). 0 < μ < 2 is stable for one layer whatever the signal's size.
 * Source: Haykin, Adaptive Filter Theory, ch. 6. With several layers each is normalised by its own windows.
 */
export function nlms({ rate, epsilon = 1e-3 }: { rate: number; epsilon?: number }): Optimizer {
  positive('epsilon', epsilon);
  return new Descent(rate, { arrays: 0, plain: (layer, { rate: now }) => layer.descend(now, epsilon) });
}
