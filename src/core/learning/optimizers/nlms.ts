import { positive } from '../../check.ts';
import { learningRateOf, type LearningRate } from './learning-rate.ts';
import { Descent, type Optimizer } from './gradient-descent.ts';

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
  return new Descent(learningRateOf(options), {
    arrays: 0,
    plain: (layer, step) => layer.descend(step.learningRate, epsilon),
  });
}
