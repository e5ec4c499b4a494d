import { html, type TemplateResult } from 'lit-html';
import { formatNumber } from '../format-number.ts';
import { KernelPlot } from '../kernel-plot.ts';
import { LossPlot } from '../loss-plot.ts';
import type { LearnerInfo, StreamInfo } from '../../src/protocol/index.ts';
import { hint, toggle, waiting } from './controls-view.ts';
import { type Mounted, mountPiece } from './mount-piece.ts';
import { framesOf, learnerKey, type PageState, selectedLearner, type StreamSettings } from './page-state.ts';
import type { PageStore } from './page-store.ts';
import type { StreamFeed } from './stream-feed.ts';

const aboutLearner =
  'Kernel: how much each earlier frame counts, the newest at lag 0; spectrum gain: how strongly it answers to each frequency; error: squared error over variance; skill: 1 is perfect, 0 no better than the dashed rival.';
const aboutStep = 'Step µ is how far one update may go: a larger one learns faster, and forgets sooner.';
/** Ends of the slider of steps, as powers of ten. */
const [leastStep, mostStep] = [-4, 0];

/** Channels of a learner that are named. */
const mostNamed = 4;

/** Every learner of a stream: one open with its kernels, error and skill, the others as one line. */
export function learnersView(
  state: PageState,
  info: StreamInfo,
  feed: StreamFeed,
  settings: StreamSettings,
  store: PageStore,
): TemplateResult[] {
  const selected = selectedLearner(info, settings);
  const learners = [...info.learners].sort((a, b) => Number(b === selected) - Number(a === selected));
  return learners.map((learner) => learnerView(state, info, learner, learner === selected, feed, store));
}

function learnerView(
  state: PageState,
  info: StreamInfo,
  learner: LearnerInfo,
  open: boolean,
  feed: StreamFeed,
  store: PageStore,
): TemplateResult {
  const skill = state.scores.get(learnerKey(info.name, learner.index))?.skill;
  return html`<section
    class="card card-learner ${open ? 'card-open' : ''}"
    aria-label="Learner ${learner.name}"
    data-testid="learner"
    data-learner=${learner.index}
  >
    <header class="card-head">
      <div class="card-words">
        <h2>Learner: ${learner.name} ${open ? hint(aboutLearner) : undefined}</h2>
        <p>${describe(info, learner)}${open ? '; dashed: where it began' : ''}.</p>
      </div>
      ${
        open
          ? undefined
          : html`<button
              type="button"
              class="skill"
              title="Show its kernels"
              @click=${() => store.set(info.name, { learner: learner.index })}
            >
              skill <b>${skill == null ? '–' : formatNumber(skill)}</b><span aria-hidden="true"> ▸</span>
            </button>`
      }
    </header>
    ${open ? openView(state, info, learner, feed, store) : undefined}
  </section>`;
}

function openView(
  state: PageState,
  info: StreamInfo,
  learner: LearnerInfo,
  feed: StreamFeed,
  store: PageStore,
): TemplateResult {
  const key = JSON.stringify([info.name, info.run, learner.index, learner.taps, learner.channels, learner.outputs]);
  const taught = (event: Event): void => {
    const step = 10 ** Number((event.target as HTMLInputElement).value);
    store.teach(info.name, learner.index, { learningRate: Number(step.toPrecision(2)) });
  };
  return html`<div class="learner-controls">
      ${toggle({
        label: learner.learning ? 'learning' : 'held still',
        testid: 'learning',
        on: learner.learning,
        changed: (on) => store.teach(info.name, learner.index, { on }),
      })}
      <label class="choice"
        ><span>Step µ</span
        ><input
          type="range"
          min=${leastStep}
          max=${mostStep}
          step="0.1"
          data-testid="step"
          aria-valuetext=${formatNumber(learner.learningRate)}
          .value=${String(Math.log10(Math.max(10 ** leastStep, learner.learningRate)))}
          @change=${taught}
        /><output>${formatNumber(learner.learningRate)}${stopOf(learner.learningRate)}</output></label
      >
      ${hint(aboutStep)} ${rollbacksView(state, info, learner)}
    </div>
    ${waiting(learner.taps + 1, framesOf(state, info))}
    <div class="piece" data-testid="kernel" ${mountPiece(key, {}, mountKernels(info, learner, feed))}></div>
    <div class="piece" data-testid="loss" ${mountPiece(key, {}, mountLoss(learner, feed))}></div>`;
}

/** Says where the slider of steps can go no further. */
function stopOf(step: number): string {
  if (step <= 10 ** leastStep) return ', the slider’s least';
  return step >= 10 ** mostStep ? ', the slider’s most' : '';
}

/** How often a learner took up weights of before. */
function rollbacksView(state: PageState, info: StreamInfo, learner: LearnerInfo): TemplateResult | undefined {
  const times = state.scores.get(learnerKey(info.name, learner.index))?.rollbacks ?? 0;
  if (times === 0) return undefined;
  return html`<span class="rollbacks" data-testid="rollbacks"
    >went back ${times} time${times === 1 ? '' : 's'}
    ${hint('Its error had grown, so it took up the last weights that were good, with a smaller step.')}</span
  >`;
}

/** The skill of a stream's first learner, small. */
export function smallSkillView(info: StreamInfo, feed: StreamFeed): TemplateResult | undefined {
  const [learner] = info.learners;
  if (!learner) return undefined;
  const key = JSON.stringify([info.name, info.run, learner.index]);
  return html`<div
    class="piece"
    data-testid="small-skill"
    ${mountPiece(key, {}, mountLoss(learner, feed, true))}
  ></div>`;
}

function describe(info: StreamInfo, learner: LearnerInfo): string {
  const inputs = learner.channels.length === info.channels.length ? 'all channels' : someOf(learner.channels);
  const what = learner.task === 'forecast' ? 'foretell the next frame' : `follow ${learner.name}`;
  return `${learner.taps} taps on ${inputs} learn to ${what}`;
}

/** The names of a few, and how many more there are. */
function someOf(names: readonly string[]): string {
  const shown = names.length > mostNamed ? names.slice(0, mostNamed - 1) : names;
  const more = names.length - shown.length;
  return `${shown.join(', ')}${more > 0 ? ` … and ${more} more` : ''}`;
}

function mountKernels(info: StreamInfo, learner: LearnerInfo, feed: StreamFeed) {
  return (element: HTMLElement): Mounted<object> => {
    const { rate, channels, outputs } = learner;
    const places = channels.map((name) => info.channels.findIndex(({ label }) => label === name));
    const piece = new KernelPlot(element, { rate, inputs: channels, outputs, places, view: feed.view });
    const end = feed.attach({ kernels: (message) => message.learner === learner.index && piece.push(message) });
    return { set: () => undefined, destroy: () => (end(), piece.destroy()) };
  };
}

function mountLoss({ index, task }: LearnerInfo, feed: StreamFeed, compact = false) {
  return (element: HTMLElement): Mounted<object> => {
    const rival = task === 'target' ? 'always the mean' : 'nothing changes';
    const piece = new LossPlot(element, { compact, rival, view: feed.view });
    const end = feed.attach({ loss: (message) => message.learner === index && piece.push(message) });
    return { set: () => undefined, destroy: () => (end(), piece.destroy()) };
  };
}
