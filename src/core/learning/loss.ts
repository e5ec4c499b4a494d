import { exp, log1p, sigmoid } from '../../kernels/plain/elementary.ts';
import { fields, invalid, onlyFields, oneOf, positive } from '../check.ts';

/** What a learner makes small, as plain JSON; a name alone takes the defaults. */
export type LossSpec = LossName | { type: 'huber'; delta?: number } | { type: 'quantile'; quantile?: number };
export type LossName = 'squared' | 'absolute' | 'huber' | 'quantile' | 'softmax' | 'sigmoid';

/**
 * L of one output frame y and its truth d, summed over the channels, e = expected - d.
 *
 *     squared    ½ e²                                            ∂L/∂y = e
 *     absolute   |e|                                             sign e
 *     huber      ½ e² where |e| <= delta, else delta |e| - ½ delta²   e, held within ± delta             delta: 1
 *     quantile   q |e| where y < d, else (1 - q) |e|             -q or 1 - q                              q: 0.5
 *     softmax    -Σ d log p, p = softmax y                       p Σ d - d                                expected = p
 *     sigmoid    -Σ d log p + (1 - d) log (1 - p), p = σ(y)      p - d                                    expected = p
 *
 * Of the others, what is expected is y itself. Sums in double precision by the kernels' own exp and log: the same bits everywhere.
 */
export interface Loss {
  /** Whether truths are classes or probabilities. */
  readonly categorical: boolean;
  /** Writes what the outputs at `y` expect to `expected`, and ∂L/∂y to `gradient`, for the truth at `d`; returns L. */
  measure(
    outputs: ArrayLike<number>,
    y: number,
    truths: ArrayLike<number>,
    d: number,
    expected: Float32Array,
    gradient: Float32Array,
  ): number;
}

/** The loss of a spec. Throws when there is none such. */
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
    measure(outputs, y, truths, d, expected, gradient) {
      let loss = 0;
      for (let c = 0; c < expected.length; c++) {
        expected[c] = outputs[y + c];
        loss += each(outputs[y + c] - truths[d + c], gradient, c);
      }
      return loss;
    },
  };
}

const softmax: Loss['measure'] = (outputs, y, truths, d, expected, gradient) => {
  const channels = expected.length;
  let top = 0;
  for (let c = 1; c < channels; c++) if (outputs[y + c] > outputs[y + top]) top = c;
  const most = outputs[y + top];
  // Σ e^(y - most), without the 1 of the largest: so a sure answer keeps its small loss
  let others = 0;
  for (let c = 0; c < channels; c++) {
    expected[c] = exp(outputs[y + c] - most);
    if (c !== top) others += expected[c];
  }
  const norm = log1p(others);
  let loss = 0;
  let whole = 0;
  for (let c = 0; c < channels; c++) {
    const truth = truths[d + c];
    expected[c] /= 1 + others;
    whole += truth;
    if (truth !== 0) loss -= truth * (outputs[y + c] - most - norm);
  }
  for (let c = 0; c < channels; c++) gradient[c] = expected[c] * whole - truths[d + c];
  return loss;
};

const logistic: Loss['measure'] = (outputs, y, truths, d, expected, gradient) => {
  let loss = 0;
  for (let c = 0; c < expected.length; c++) {
    const logit = outputs[y + c];
    expected[c] = sigmoid(logit);
    gradient[c] = expected[c] - truths[d + c];
    loss += Math.max(logit, 0) - logit * truths[d + c] + log1p(exp(-Math.abs(logit)));
  }
  return loss;
};
