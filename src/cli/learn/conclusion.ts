import { basename } from 'node:path';
import type { Score } from '../../core/learning/forecast-score.ts';
import type { ErrorStats } from '../../core/learning/running-errors.ts';
import type { ServedWeights } from '../../core/learning/served-weights.ts';
import { defaultForgetting } from '../../core/learning/optimizers/least-squares-layer.ts';
import { counted } from '../amounts.ts';
import { learningAdvice, type AdviceOptions } from './learning-report.ts';
import { bestBaseline, compared, shown } from './score-tables.ts';
import type { Validation } from './validation.ts';

/** The figures from which the conclusion follows. */
export interface Outcome extends AdviceOptions {
  /** Score of the predictions that were made while learning. */
  readonly score: Score;
  /** Score of the saved weights on later frames; null: the last weights were saved, without a score. */
  readonly served: ServedWeights | null;
  /** Scores of the saved weights on other recordings. */
  readonly validations: readonly Validation[];
  /** Forecast horizon in frames. */
  readonly horizon: number;
  /** Number of weights per output. */
  readonly weights: number;
  /** Number of taps of the default convolution. */
  readonly taps: number;
  /** Share of the energy of the kernels in their oldest quarter of taps; NaN if it is not known. */
  readonly oldestShare: number;
  /** Whether the output is a linear function of the input. */
  readonly linear: boolean;
  /** Number of times that the last good weights were restored because the loss exploded. */
  readonly rollbacks: number;
  /** Forgetting factor of recursive least squares; undefined for other optimizers. */
  readonly forgetting: number | undefined;
}

/** Fewer frames per weight of an output are few. */
const minFramesPerWeight = 20;
/** Fewer scored frames of the saved weights are too few to compare them with the learner. */
const minHoldoutFrames = 100;
/** Errors that differ by a smaller factor are about equal. */
const similar = 1.02;
/** Errors that differ by a larger factor are clearly different. */
const different = 1.5;
/** Relative errors below which little is left to gain, and above which next to nothing is predicted. */
const [smallError, largeError] = [0.01, 0.9];
/** A baseline explains a signal if its relative error is smaller than `explained` and differs from that of the network by less. */
const [explained, closeToBaseline] = [0.1, 0.1];
/** Kernels with a larger share of their energy in the oldest quarter of taps are too short. */
const maxOldestShare = 0.1;

/**
 * How good the result is, compared with what, and what to try next, as one paragraph of a few lines. The first rule that applies
 * determines what to try.
 */
export function conclusion(outcome: Outcome): string {
  const { score, validations, task } = outcome;
  if (score.frames === 0) return learningAdvice(score, outcome);
  if (!Number.isFinite(score.overall.skill) && Number.isFinite(score.overall.persistence))
    return `${diverged(outcome)}\n`;
  if (!Number.isFinite(score.overall.skill))
    return 'The targets did not change, so the result cannot be judged. Choose other channels or a longer recording.\n';
  const judged = validations.filter((each) => Number.isFinite(each.score.overall.skill));
  const lines = [
    `During training, the mean squared error of the network was ${comparison(task, score.overall)}.`,
    ...validations.map(({ path, score: { overall } }) =>
      Number.isFinite(overall.skill)
        ? `On ${basename(path)}, which was not used for training, the mean squared error of the saved weights was ${comparison(task, overall)}.`
        : `On ${basename(path)}, no prediction could be scored: every window includes the start, a gap, or a missing sample, or the targets did not change.`,
    ),
    nextStep(outcome, judged),
  ];
  return `${lines.join('\n')}\n`;
}

/** What to do if the loss has exploded. */
function diverged({ rollbacks }: Outcome): string {
  return `The training diverged, and the last good weights were restored ${counted(rollbacks, 'time')}. Reduce the learning rate (--learning-rate), or omit --optimizer.`;
}

/** The error of the network beside that of the best baseline. */
function comparison(task: Outcome['task'], stats: ErrorStats): string {
  const best = bestBaseline(task, stats);
  const ratio = stats.nmse / best.error;
  const share = 100 * Math.abs(1 - ratio);
  // not 100% lower
  const percent = share > 99 && ratio < 1 ? Math.min(99.9, Number(share.toFixed(1))) : Math.round(share);
  const relation =
    ratio > 2
      ? `${shown(ratio)} times`
      : ratio < 1 / similar || ratio > similar
        ? `${percent}% ${ratio < 1 ? 'lower' : 'higher'} than`
        : 'about the same as';
  const worse = stats.nmse > similar ? '. This is worse than predicting the mean of the target' : '';
  return `${shown(stats.nmse)} times the variance of the target, ${relation} that of the best baseline, ${best.name} (${shown(best.error)})${worse}`;
}

/** What to try next, according to the first rule that applies. */
function nextStep(outcome: Outcome, validations: readonly Validation[]): string {
  const { score, served, weights, oldestShare, taps, linear, network } = outcome;
  const { nmse, best, name } = judgment(outcome, validations);
  const fewer = network === undefined ? 'fewer taps (--taps)' : 'a smaller network';
  const larger =
    network === undefined ? `a longer kernel (--taps ${2 * taps})` : 'a network with a longer receptive field';
  const failed = learningAdvice(score, outcome).trimEnd();
  const recent = (1 - score.skill) / (1 - score.overall.skill);
  if (Math.abs(nmse / best - 1) < closeToBaseline && best < explained)
    return `The signal is already explained by the baseline '${name}'. Try ${outcome.task === 'forecast' ? `a longer horizon (--horizon ${10 * outcome.horizon})` : 'another target'}.`;
  if (outcome.rollbacks > 0 && score.overall.skill < 0) return diverged(outcome);
  // the default does not depend on the scale of its inputs
  if (failed !== '' && outcome.forgetting === undefined) return failed;
  if (validations.length > 0 && nmse > different * score.overall.nmse && nmse > smallError)
    return `The saved weights are clearly worse on a recording that they were not trained on. Try more recordings of the same kind${forgetLess(outcome)}.`;
  if (
    served &&
    served.frames >= minHoldoutFrames &&
    (served.rms / score.overall.rms) ** 2 > different &&
    served.nmse > different * score.overall.nmse &&
    served.nmse > smallError
  )
    return `On later frames, the saved weights are clearly worse than the learner, which is updated after every frame. The learner tracks the signal, but its weights do not generalize. Try ${followLess(outcome)}.`;
  if (score.frames < minFramesPerWeight * weights)
    return `There are too few scored frames (${score.frames}) for ${counted(weights, 'weight')} per output. Try more data (further recordings as arguments) or ${fewer}.`;
  if (Math.min(nmse, best) > largeError && recent > 1 / different)
    return 'The target is close to unpredictable from these inputs. Try other channels (--columns) or another target.';
  if (nmse > similar * best) return `The baseline '${name}' is better than the network. Try ${larger}.`;
  if (recent > different)
    return `The error rose toward the end: the signal changes faster than the weights adapt. Try ${forgetMore(outcome)}.`;
  if (nmse < smallError)
    return `The error is below 1% of the variance of the target, so there is little left to improve.${validateNext(validations)}`;
  if (recent < 1 / different)
    return 'The error was still falling at the end. Try more data: further recordings as arguments.';
  if (oldestShare > maxOldestShare)
    return `The oldest quarter of the taps contains ${Math.round(100 * oldestShare)}% of the energy of the kernels, so the kernels are probably too short. Try ${larger}.`;
  if (linear)
    return `The remaining error is noise, or it requires a nonlinear network. Try one (--network), and keep it only if its error is lower.${validateNext(validations)}`;
  return `Try more data or a larger network.${validateNext(validations)}`;
}

/** The error that counts and the best baseline: those on other recordings if there are any, otherwise those while learning. */
function judgment(
  { task, score }: Outcome,
  validations: readonly Validation[],
): { nmse: number; best: number; name: string } {
  const scores = validations.length > 0 ? validations.map((each) => each.score) : [score];
  const frames = scores.reduce((sum, each) => sum + each.frames, 0);
  const [nmse, ...baselines] = compared(task).map(({ name, error }) => ({
    name,
    error: scores.reduce((sum, each) => sum + (each.frames * error(each.overall)) / frames, 0),
  }));
  const best = baselines.reduce((least, each) => (each.error < least.error ? each : least));
  return { nmse: nmse.error, best: best.error, name: best.name };
}

function validateNext(validations: readonly Validation[]): string {
  return validations.length > 0
    ? ''
    : ' To score the weights on a recording that they were not trained on, use --validate <file>.';
}

function forgetLess({ forgetting, weights, horizon }: Outcome): string {
  const current = forgetting ?? NaN;
  if (!(current < 1)) return '';
  const longest = Math.max(current, defaultForgetting(weights, horizon));
  return ` or slower forgetting (--optimizer rls:${rounded(1 - (1 - longest) / 10)})`;
}

function followLess(outcome: Outcome): string {
  if (outcome.forgetting === undefined)
    return 'a lower learning rate, more data, or --optimizer rls if the network is linear';
  return `more data (further recordings as arguments)${forgetLess(outcome)}`;
}

function forgetMore({ forgetting }: Outcome): string {
  if (forgetting === undefined) return 'a higher learning rate, or --optimizer rls if the network is linear';
  return `faster forgetting (--optimizer rls:${rounded(Math.max(0.9, 1 - 4 * Math.max(1 - forgetting, 2.5e-4)))})`;
}

function rounded(factor: number): number {
  return Number((1 - Number((1 - factor).toPrecision(2))).toPrecision(8));
}
