import { html, type TemplateResult } from 'lit-html';
import type { StreamInfo } from '../../src/protocol/index.ts';
import { choice } from './controls-view.ts';
import type { DashboardState } from './dashboard-state.ts';
import type { DashboardStore } from './dashboard-store.ts';
import { type EnteredLearner, type LearnerForm, learnerSettings, type LearnerTask } from './learner-form.ts';

const tasks: readonly { value: LearnerTask; text: string }[] = [
  { value: 'forecast', text: 'Forecast' },
  { value: 'target', text: 'Predict a stream' },
  { value: 'reconstruct', text: 'Reconstruct' },
  { value: 'cancel', text: 'Cancel noise' },
];
const optimizers = ['rls', 'autoStep', 'nlms', 'sgd', 'rmsprop', 'adam', 'adamW'];

/** The button that opens the form for a learner of a stream, or the form. */
export function addLearnerView(state: DashboardState, info: StreamInfo, store: DashboardStore): TemplateResult {
  const form = state.learnerForm?.stream === info.name ? state.learnerForm : undefined;
  if (form) return formView(state, info, form, store);
  return html`<div class="add-learner">
    <button
      type="button"
      class="small-button"
      data-testid="add-learner"
      ?disabled=${state.connection.is !== 'open'}
      @click=${() => store.change({ learnerForm: { stream: info.name, task: 'forecast' } })}
    >
      Add learner
    </button>
  </div>`;
}

function formView(state: DashboardState, info: StreamInfo, form: LearnerForm, store: DashboardStore): TemplateResult {
  const { task, error, pending } = form;
  const targets = state.streams
    .filter(({ name, rate }) => name !== info.name && rate === info.rate)
    .map(({ name }) => name);
  return html`<section class="card card-form" aria-label="Add learner" data-testid="learner-form">
    <header class="card-head">
      <div class="card-title"><h2>Add learner</h2></div>
    </header>
    <form
      class="learner-form"
      @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        submit(event.currentTarget as HTMLFormElement, form, store);
      }}
    >
      ${field('Name', html`<input name="name" required maxlength="64" pattern="[A-Za-z0-9_\\-][A-Za-z0-9._\\-]*" title="Letters, digits, and . _ -" />`)}
      ${choice<LearnerTask>({
        label: 'Task',
        testid: 'learner-task',
        value: task,
        choices: tasks,
        onSelect: (value) => store.change({ learnerForm: { ...form, task: value, error: undefined } }),
      })}
      ${task === 'forecast' ? field('Horizon (frames)', html`<input name="horizon" inputmode="numeric" placeholder="1" />`) : undefined}
      ${
        task === 'target'
          ? field(
              'Target',
              html`<select name="target">
                ${targets.map((name) => html`<option>${name}</option>`)}
              </select>`,
            )
          : undefined
      }
      ${field('Channels', html`<input name="channels" placeholder="all" title="Labels, separated by commas" />`)}
      ${task === 'cancel' ? field('Reference', html`<input name="reference" required title="Labels of the noise reference, separated by commas" />`) : undefined}
      ${field('Taps', html`<input name="taps" inputmode="numeric" placeholder="16" title="Kernel length in frames, without a network" />`)}
      ${field(
        'Optimizer',
        html`<select name="optimizer">
          <option value="">default</option>
          ${optimizers.map((name) => html`<option>${name}</option>`)}
        </select>`,
      )}
      ${field('Learning rate', html`<input name="learningRate" inputmode="decimal" placeholder="default" />`)}
      <label class="choice choice-wide"
        ><span>Network (JSON)</span
        ><textarea name="network" rows="2" spellcheck="false" placeholder='{"inChannels": 8, "layers": […]}'></textarea>
      </label>
      ${error === undefined ? undefined : html`<p class="form-error" role="alert" data-testid="learner-error">${error}</p>`}
      <div class="form-buttons">
        <button
          type="submit"
          class="small-button"
          data-testid="learner-submit"
          ?disabled=${pending !== undefined || state.connection.is !== 'open'}
        >
          Add
        </button>
        <button type="button" class="small-button" @click=${() => store.change({ learnerForm: undefined })}>
          Cancel
        </button>
      </div>
    </form>
  </section>`;
}

function field(label: string, input: TemplateResult): TemplateResult {
  return html`<label class="choice"><span>${label}</span>${input}</label>`;
}

function submit(element: HTMLFormElement, form: LearnerForm, store: DashboardStore): void {
  const data = new FormData(element);
  const text = (name: string): string => {
    const value = data.get(name);
    return typeof value === 'string' ? value : '';
  };
  const entered: EnteredLearner = {
    name: text('name'),
    task: form.task,
    horizon: text('horizon'),
    target: text('target'),
    channels: text('channels'),
    reference: text('reference'),
    taps: text('taps'),
    network: text('network'),
    optimizer: text('optimizer'),
    learningRate: text('learningRate'),
  };
  try {
    const add = learnerSettings(entered);
    store.change({ learnerForm: { ...form, pending: entered.name.trim(), error: undefined } });
    store.request({ type: 'learner', stream: form.stream, add });
  } catch (error) {
    store.change({ learnerForm: { ...form, error: error instanceof Error ? error.message : String(error) } });
  }
}
