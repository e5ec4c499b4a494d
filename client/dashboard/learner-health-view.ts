import { html, type TemplateResult } from 'lit-html';
import type { LearnerHealth, LearnerInfo, StreamInfo } from '../../src/protocol/index.ts';
import { formatNumber } from '../format-number.ts';
import type { DashboardState } from './dashboard-state.ts';

/** What a learner waits for, and how many late targets it has skipped; undefined if neither. */
export function learnerHealthView(
  { learnerHealth }: DashboardState,
  info: StreamInfo,
  { name, target = name }: LearnerInfo,
): TemplateResult | undefined {
  const health = learnerHealth.find(({ stream, learner }) => stream === info.name && learner === name);
  if (!health) return undefined;
  const { waitsFor, late } = health;
  return html`<p class="learner-health" data-testid="learner-health">
    ${waitsFor === undefined ? undefined : `Waiting for stream ${waitsFor}, which is not connected.`}
    ${late && lateText(late, target)}
  </p>`;
}

/** The cards of the learners of a stream that have not started, because they wait for another stream. */
export function waitingLearners({ learnerHealth }: DashboardState, info: StreamInfo): TemplateResult[] {
  const isListed = (name: string) => info.learners.some((learner) => learner.name === name);
  return learnerHealth.filter(({ stream, learner }) => stream === info.name && !isListed(learner)).map(waitingView);
}

/** The cards of the learners whose own stream has not been connected. */
export function unconnectedLearners({ learnerHealth, streams }: DashboardState): TemplateResult[] {
  return learnerHealth.filter(({ stream }) => streams.every(({ name }) => name !== stream)).map(waitingView);
}

function waitingView({ stream, learner, waitsFor }: LearnerHealth): TemplateResult {
  return html`<section
    class="card card-learner"
    aria-label="Learner ${learner} of ${stream}"
    data-testid="waiting-learner"
    data-learner=${learner}
  >
    <header class="card-head">
      <div class="card-title">
        <h2>Learner: ${learner}</h2>
        <p>Trains on stream ${stream}. Waiting for stream ${waitsFor}, which is not connected.</p>
      </div>
    </header>
  </section>`;
}

function lateText({ count, delay, maxDelay }: NonNullable<LearnerHealth['late']>, target: string): string {
  const targets = `${formatNumber(count)} ${count === 1 ? 'target' : 'targets'}`;
  return `Skipped ${targets} of ${target}, which arrived up to ${formatNumber(delay)} frames late. The limit, maxDelay, is ${formatNumber(maxDelay)} frames; raise it.`;
}
