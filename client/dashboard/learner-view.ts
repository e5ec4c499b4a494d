import { html, type TemplateResult } from 'lit-html';
import { formatNumber } from '../format-number.ts';
import { KernelPlot } from '../kernel-plot.ts';
import { LossPlot } from '../loss-plot.ts';
import type { LearnerInfo, StreamInfo } from '../../src/protocol/index.ts';
import { hint, toggle, waiting } from './controls-view.ts';
import { addLearnerView } from './learner-form-view.ts';
import { holdoutView } from './holdout-view.ts';
import { learnerHealthView, unconnectedLearners, waitingLearners } from './learner-health-view.ts';
import { mountComponent, type MountedComponent } from './mount-component.ts';
import {
  type DashboardState,
  learnerKey,
  receivedFrames,
  selectedLearner,
  type StreamSettings,
} from './dashboard-state.ts';
import type { DashboardStore } from './dashboard-store.ts';
import type { StreamFeed } from './stream-feed.ts';

const learnerHelp =
  'Kernel: the weight of each past frame; lag 0 is the newest frame. Spectrum: the gain of the kernel at each frequency. Error: squared error divided by the variance of the target; dashed: that of the baseline. Skill: 1 is perfect, 0 is no better than the baseline.';
const learningRateHelp = 'The size of an update (µ). A higher learning rate adapts faster, but also forgets sooner.';
/** Range of the learning-rate slider, as powers of ten. */
const minExponent = -4;
const maxExponent = 0;

/** Channels of a learner that are listed by name. */
const maxNames = 4;

/**
 * The cards of a stream's learners: the selected one with its kernels, error, and skill; the others, and those that wait for a
 * stream, as one line each. Below them, a button or a form that adds a learner, and the learners of streams that are not connected.
 */
export function learnersView(
  state: DashboardState,
  info: StreamInfo,
  feed: StreamFeed,
  settings: StreamSettings,
  store: DashboardStore,
): TemplateResult[] {
  const selected = selectedLearner(info, settings);
  const learners = [...info.learners].sort((a, b) => Number(b === selected) - Number(a === selected));
  return [
    ...learners.map((learner) => learnerView(state, info, learner, learner === selected, feed, store)),
    ...waitingLearners(state, info),
    addLearnerView(state, info, store),
    ...unconnectedLearners(state),
  ];
}

function learnerView(
  state: DashboardState,
  info: StreamInfo,
  learner: LearnerInfo,
  open: boolean,
  feed: StreamFeed,
  store: DashboardStore,
): TemplateResult {
  const skill = state.scores.get(learnerKey(info.name, learner.index))?.skill;
  return html`<section
    class="card card-learner ${open ? 'card-open' : ''}"
    aria-label="Learner ${learner.name}"
    data-testid="learner"
    data-learner=${learner.index}
  >
    <header class="card-head">
      <div class="card-title">
        <h2>Learner: ${learner.name} ${open ? hint(learnerHelp) : undefined}</h2>
        <p>${describe(info, learner)}.${open ? ' Dashed: initial weights.' : ''}</p>
      </div>
      ${
        open
          ? undefined
          : html`<button
              type="button"
              class="small-button"
              title="Show kernels, error, and skill"
              @click=${() => store.setStream(info.name, { learner: learner.index })}
            >
              Skill <b>${skill == null ? '–' : formatNumber(skill)}</b><span aria-hidden="true"> ▸</span>
            </button>`
      }
    </header>
    ${open ? openView(state, info, learner, feed, store) : learnerHealthView(state, info, learner)}
  </section>`;
}

function openView(
  state: DashboardState,
  info: StreamInfo,
  learner: LearnerInfo,
  feed: StreamFeed,
  store: DashboardStore,
): TemplateResult {
  const key = JSON.stringify([info.name, info.run, learner.index, learner.taps, learner.channels, learner.outputs]);
  const changed = (event: Event): void => {
    const learningRate = 10 ** Number((event.target as HTMLInputElement).value);
    store.setLearning(info.name, learner.index, { learningRate: Number(learningRate.toPrecision(2)) });
  };
  return html`<div class="learner-controls">
      ${toggle({
        label: learner.learning ? 'Learning' : 'Frozen',
        testid: 'learning',
        on: learner.learning,
        disabled: state.connection.is !== 'open',
        onChange: (on) => store.setLearning(info.name, learner.index, { on }),
      })}
      <label class="choice"
        ><span>Learning rate</span
        ><input
          type="range"
          min=${minExponent}
          max=${maxExponent}
          step="0.1"
          data-testid="learning-rate"
          ?disabled=${state.connection.is !== 'open'}
          aria-valuetext=${formatNumber(learner.learningRate)}
          .value=${String(Math.log10(Math.max(10 ** minExponent, learner.learningRate)))}
          @change=${changed}
        /><output>${formatNumber(learner.learningRate)}${limitOf(learner.learningRate)}</output></label
      >
      ${hint(learningRateHelp)} ${rollbacksView(state, info, learner)} ${removeView(state, info, learner, store)}
    </div>
    ${learnerHealthView(state, info, learner)}
    ${holdoutView(state.scores.get(learnerKey(info.name, learner.index)), learner)}
    ${waiting(learner.taps + 1, receivedFrames(state, info))}
    <div class="component" data-testid="kernel" ${mountComponent(key, {}, mountKernels(info, learner, feed))}></div>
    <div class="component" data-testid="loss" ${mountComponent(key, {}, mountLoss(learner, feed))}></div>`;
}

/** A note at the ends of the learning-rate slider. */
function limitOf(learningRate: number): string {
  if (learningRate <= 10 ** minExponent) return ' (min)';
  return learningRate >= 10 ** maxExponent ? ' (max)' : '';
}

/** How often the learner was rolled back; undefined if never. */
function rollbacksView(state: DashboardState, info: StreamInfo, learner: LearnerInfo): TemplateResult | undefined {
  const times = state.scores.get(learnerKey(info.name, learner.index))?.rollbacks ?? 0;
  if (times === 0) return undefined;
  return html`<span class="rollbacks" data-testid="rollbacks"
    >Rolled back ${times}×
    ${hint('The error rose, so the last good weights were restored and the learning rate was reduced.')}</span
  >`;
}

/** A button that removes a learner that was added; undefined for other learners. */
function removeView(
  state: DashboardState,
  info: StreamInfo,
  { name, added }: LearnerInfo,
  store: DashboardStore,
): TemplateResult | undefined {
  if (!added) return undefined;
  return html`<button
    type="button"
    class="small-button"
    data-testid="remove-learner"
    title="Remove this learner and its weights"
    ?disabled=${state.connection.is !== 'open'}
    @click=${() => store.request({ type: 'learner', stream: info.name, remove: name })}
  >
    Remove
  </button>`;
}

/** The skill of a stream's first learner, for a preview card. */
export function skillPreview(info: StreamInfo, feed: StreamFeed): TemplateResult | undefined {
  const [learner] = info.learners;
  if (!learner) return undefined;
  const key = JSON.stringify([info.name, info.run, learner.index]);
  return html`<div
    class="component"
    data-testid="small-skill"
    ${mountComponent(key, {}, mountLoss(learner, feed, true))}
  ></div>`;
}

function describe(info: StreamInfo, learner: LearnerInfo): string {
  const inputs = learner.channels.length === info.channels.length ? 'all channels' : listNames(learner.channels);
  return `${taskOf(learner)} from ${inputs} (${learner.taps} taps)`;
}

function taskOf({ task, name, target = name, horizon = 1 }: LearnerInfo): string {
  switch (task) {
    case 'forecast':
      return horizon === 1 ? 'Forecasts the next frame' : `Forecasts the frame ${horizon} frames ahead`;
    case 'target':
      return `Learns ${target}`;
    case 'reconstruct':
      return 'Reconstructs its input';
    case 'cancel':
      return 'Predicts the other channels';
  }
}

/** `O1 and O2`, or for many names `Fp1, Fp2, C3, and 5 more`. */
function listNames(names: readonly string[]): string {
  const shown = names.length > maxNames ? names.slice(0, maxNames - 1) : names;
  const more = names.length - shown.length;
  const parts = more > 0 ? [...shown, `${more} more`] : shown;
  return new Intl.ListFormat('en').format(parts);
}

function mountKernels(info: StreamInfo, learner: LearnerInfo, feed: StreamFeed) {
  return (element: HTMLElement): MountedComponent<object> => {
    const { rate, channels, outputs } = learner;
    const indices = channels.map((name) => info.channels.findIndex(({ label }) => label === name));
    const plot = new KernelPlot(element, { rate, inputs: channels, outputs, channels: indices, view: feed.view });
    const detach = feed.attach({ kernels: (message) => message.learner === learner.index && plot.push(message) });
    return { set: () => undefined, destroy: () => (detach(), plot.destroy()) };
  };
}

function mountLoss({ index, task }: LearnerInfo, feed: StreamFeed, compact = false) {
  return (element: HTMLElement): MountedComponent<object> => {
    const baseline = task === 'target' ? 'running mean' : 'persistence';
    const plot = new LossPlot(element, { compact, baseline, view: feed.view });
    const detach = feed.attach({ loss: (message) => message.learner === index && plot.push(message) });
    return { set: () => undefined, destroy: () => (detach(), plot.destroy()) };
  };
}
