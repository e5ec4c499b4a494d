import { html, type TemplateResult } from 'lit-html';
import type { LearnerInfo, LossMessage } from '../../src/protocol/index.ts';
import { formatNumber } from '../format-number.ts';
import { hint } from './controls-view.ts';
import type { LearnerScore } from './dashboard-state.ts';

const holdoutHelp =
  'Copies of the weights are set aside regularly and scored on later frames that they were not trained on. The error and skill plots below show the live score of the learner, which is updated after every frame.';
const baselinesHelp =
  'Errors of simple methods, which do not learn, on the same frames as the holdout score. An error of 1 is that of the mean of all targets.';
const followsText =
  'This error is more than twice the live error: the learner tracks the signal, but its weights do not generalize to later frames. Try a lower learning rate, slower forgetting, or fewer taps.';
/** Factor between the errors from which the learner follows the signal. */
const followsFactor = 2;
/** Fewer scored frames are too few to compare the errors. */
const minHoldoutFrames = 1000;

/**
 * The score of weights that were set aside, the baselines on the same frames, and what a large difference from the live score
 * means; undefined until there is a score.
 */
export function holdoutView(score: LearnerScore | undefined, { task }: LearnerInfo): TemplateResult | undefined {
  const { overall, holdout } = score ?? {};
  if (holdout?.nmse == null || holdout.skill === null) return undefined;
  const [error, relative] = [overall?.nmse ?? Infinity, 1 - (overall?.skill ?? -Infinity)];
  const follows =
    holdout.frames >= minHoldoutFrames &&
    holdout.nmse > followsFactor * error &&
    1 - holdout.skill > followsFactor * relative;
  const baselines = baselinesText(holdout, task);
  return html`<p class="learner-holdout" data-testid="holdout">
    Holdout score: error ${formatNumber(holdout.nmse)}, skill ${formatNumber(holdout.skill)} ${hint(holdoutHelp)}
    ${baselines === '' ? undefined : html`<br />Baselines: ${baselines} ${hint(baselinesHelp)}`}
    ${follows ? html`<br />${followsText}` : undefined}
  </p>`;
}

/** The errors of the baselines of a task: `persistence 0.20, moving average 0.50, …`. */
function baselinesText(
  { persistence, movingAverage, mains }: NonNullable<LossMessage['holdout']>,
  task: LearnerInfo['task'],
): string {
  const ofForecast = { persistence, 'moving average': movingAverage, 'power line': mains };
  const baselines = task === 'forecast' ? ofForecast : { 'running mean': persistence };
  const shown = Object.entries(baselines).flatMap(([name, error]) =>
    error == null ? [] : [`${name} ${formatNumber(error)}`],
  );
  return shown.length === 0 ? '' : [...shown, 'target mean 1'].join(', ');
}
