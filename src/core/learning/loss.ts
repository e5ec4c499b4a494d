import { exp, log1p, sigmoid } from '../../kernels/plain/elementary.ts';
import { fields, invalid, onlyFields, oneOf, positive } from '../check.ts';

/** Loss function as plain JSON. A name alone selects the defaults. */
export type LossSpec =
  | LossName
  | {
      /** Selects the Huber loss. */
      type: 'huber';
      /** Error at which the loss changes from quadratic to linear, > 0, in the unit of the target. Default 1. */
      delta?: number;
    }
  | {
      /** Selects the quantile loss. */
      type: 'quantile';
      /** The quantile q that is predicted, 0 < q < 1. Default 0.5, the median. */
      quantile?: number;
    };
/**
 * Name of a loss function, summed over the output channels. With output y, target d, and error e:
 *
 *     squared    ½ e²
 *     absolute   |e|
 *     huber      ½ e² if |e| <= delta, otherwise delta |e| - ½ delta²
 *     quantile   q |e| if y < d, otherwise (1 - q) |e|
 *     softmax    cross-entropy of softmax(y), for class probabilities d
 *     sigmoid    binary cross-entropy of σ(y), for probabilities d in 0 … 1
 */
export type LossName = 'squared' | 'absolute' | 'huber' | 'quantile' | 'softmax' | 'sigmoid';

/**
 * Loss L of one output frame y with target d, summed over the channels. With e = prediction - d:
 *
 *     squared    ½ e²                                            ∂L/∂y = e
 *     absolute   |e|                                             sign e
 *     huber      ½ e² if |e| <= delta, else delta |e| - ½ delta²      e, limited to ± delta              delta: 1
 *     quantile   q |e| if y < d, else (1 - q) |e|                -q or 1 - q                              q: 0.5
 *     softmax    -Σ d log p, p = softmax y                       p Σ d - d                                prediction = p
 *     sigmoid    -Σ d log p + (1 - d) log (1 - p), p = σ(y)      p - d                                    prediction = p
 *
 * For the other losses, the prediction is y itself. Sums are in double precision and use the kernels' own exp and log,
 * so that the bits are the same on every platform.
 */
export interface Loss {
  /** Whether targets are classes or probabilities. */
  readonly categorical: boolean;
  /**
   * Writes the prediction of the outputs at `y` to `prediction` and ∂L/∂y to `gradient`, for the target at `d`. Returns
   * L.
   */
  measure(
    outputs: ArrayLike<number>,
    y: number,
    targets: ArrayLike<number>,
    d: number,
    prediction: Float32Array,
    gradient: Float32Array,
  ): number;
}

/**
 * Returns the loss of a spec.
 * @throws if the spec is invalid
 */
export function lossOf(spec: LossSpec): Loss {
  const { type, ...rest } = typeof spec === 'string' ? { type: spec } : fields('loss', spec, 'a name or an object');
  const { delta = 1, quantile = 0.5 } = rest as { delta?: number; quantile?: number };
  const names: LossName[] = ['squared', 'absolute', 'huber', 'quantile', 'softmax', 'sigmoid'];
  oneOf('loss.type', type, names);
  onlyFields(`loss '${type}'`, rest, type === 'huber' ? ['delta'] : type === 'quantile' ? ['quantile'] : []);
  positive('loss.delta', delta);
  if (!(typeof quantile === 'number' && quantile > 0 && quantile < 1))
    throw invalid('loss.quantile', 'a number > 0 and < 1', quantile);
  switch (type) {
    case 'squared':
      return byError((e, gradient, c) => {
        gradient[c] = e;
        return 0.5 * e * e;
      });
    case 'absolute':
      return byError((e, gradient, c) => {
        gradient[c] = Math.sign(e);
        return Math.abs(e);
      });
    case 'huber':
      return byError((e, gradient, c) => {
        gradient[c] = Math.max(-delta, Math.min(delta, e));
        return Math.abs(e) <= delta ? 0.5 * e * e : delta * (Math.abs(e) - 0.5 * delta);
      });
    case 'quantile':
      return byError((e, gradient, c) => {
        const slope = e < 0 ? -quantile : 1 - quantile;
        gradient[c] = e === 0 ? 0 : slope;
        return slope * e;
      });
    case 'softmax':
      return { categorical: true, measure: softmax };
    case 'sigmoid':
      return { categorical: true, measure: logistic };
  }
}

type OfError = (error: number, gradient: Float32Array, c: number) => number;

function byError(each: OfError): Loss {
  return {
    categorical: false,
    measure(outputs, y, targets, d, prediction, gradient) {
      let loss = 0;
      for (let c = 0; c < prediction.length; c++) {
        prediction[c] = outputs[y + c];
        loss += each(outputs[y + c] - targets[d + c], gradient, c);
      }
      return loss;
    },
  };
}

const softmax: Loss['measure'] = (outputs, y, targets, d, prediction, gradient) => {
  const channels = prediction.length;
  let top = 0;
  for (let c = 1; c < channels; c++) if (outputs[y + c] > outputs[y + top]) top = c;
  const max = outputs[y + top];
  // Σ e^(y - top) without the 1 of the largest output, so that a confident answer keeps its small loss
  let others = 0;
  for (let c = 0; c < channels; c++) {
    prediction[c] = exp(outputs[y + c] - max);
    if (c !== top) others += prediction[c];
  }
  const norm = log1p(others);
  let loss = 0;
  let targetSum = 0;
  for (let c = 0; c < channels; c++) {
    const target = targets[d + c];
    prediction[c] /= 1 + others;
    targetSum += target;
    if (target !== 0) loss -= target * (outputs[y + c] - max - norm);
  }
  for (let c = 0; c < channels; c++) gradient[c] = prediction[c] * targetSum - targets[d + c];
  return loss;
};

const logistic: Loss['measure'] = (outputs, y, targets, d, prediction, gradient) => {
  let loss = 0;
  for (let c = 0; c < prediction.length; c++) {
    const logit = outputs[y + c];
    prediction[c] = sigmoid(logit);
    gradient[c] = prediction[c] - targets[d + c];
    loss += Math.max(logit, 0) - logit * targets[d + c] + log1p(exp(-Math.abs(logit)));
  }
  return loss;
};
