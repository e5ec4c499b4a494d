import { html, type TemplateResult } from 'lit-html';
import { keyed } from 'lit-html/directives/keyed.js';
import { repeat } from 'lit-html/directives/repeat.js';
import type { StreamInfo } from '../../src/protocol/index.ts';
import { alarmsView } from './alarms-view.ts';
import { featuresView } from './features-view.ts';
import { connectionView, headerView } from './header-view.ts';
import { unconnectedLearners } from './learner-health-view.ts';
import { learnersView, skillPreview } from './learner-view.ts';
import { type DashboardState, previewedStreams, selectedStream, streamLiveness } from './dashboard-state.ts';
import type { DashboardStore } from './dashboard-store.ts';
import { capitalize, livenessText } from './liveness.ts';
import { outageView } from './outage-view.ts';
import { streamNotices } from './rejected-messages.ts';
import { couplingOf, maxPreviewLanes, signalPreview, signalView, visibleChannels } from './signal-view.ts';
import type { StreamFeed } from './stream-feed.ts';
import { streamListView } from './stream-list-view.ts';

/** Longest channel label, in characters, that fits the default width of the label column. */
const maxShortLabel = 9;

/** The whole dashboard as a function of its state. */
export function dashboardView(
  state: DashboardState,
  store: DashboardStore,
  feedOf: (stream: string) => StreamFeed,
): TemplateResult {
  const selected = selectedStream(state);
  return html`${headerView(state, store)} ${connectionView(state.connection, Date.now())} ${outageView(state, store)}
  ${streamNotices(state)} ${selected || state.unopened.length > 0 ? streamListView(state, store) : undefined}
  ${selected || state.alarms.size > 0 ? alarmsView(state, store, Date.now()) : undefined}
  ${selected ? keyed(selected.name, selectedView(state, selected, store, feedOf)) : emptyView(state)}`;
}

function selectedView(
  state: DashboardState,
  info: StreamInfo,
  store: DashboardStore,
  feedOf: (stream: string) => StreamFeed,
): TemplateResult {
  const feed = feedOf(info.name);
  const settings = store.settings(info.name);
  const long = info.channels.some(({ label }) => label.length > maxShortLabel);
  return html`<main class="layout ${long ? 'layout-long' : ''}">
    <div class="column column-wide">
      ${signalView(state, info, feed, settings, store)} ${featuresView({ state, info, feed, settings, store })}
    </div>
    <div class="column column-side">
      ${learnersView(state, info, feed, settings, store)}
      ${repeat(
        previewedStreams(state),
        ({ name }) => name,
        (other) => previewView(state, other, store, feedOf(other.name)),
      )}
    </div>
  </main>`;
}

function previewView(state: DashboardState, info: StreamInfo, store: DashboardStore, feed: StreamFeed): TemplateResult {
  return html`<section
    class="card card-preview"
    aria-label="Stream ${info.name}"
    data-testid="preview"
    data-stream=${info.name}
  >
    <header class="card-head">
      <div class="card-title">
        <h2>Stream: ${info.name}</h2>
        <p>${previewCaption(state, info, store)}</p>
      </div>
      <button
        type="button"
        class="small-button"
        title="Show this stream"
        @click=${() => store.change({ selected: info.name })}
      >
        Open<span aria-hidden="true"> ▸</span>
      </button>
    </header>
    <div class="preview">${signalPreview(info, feed, store.settings(info.name))} ${skillPreview(info, feed)}</div>
  </section>`;
}

function previewCaption(state: DashboardState, info: StreamInfo, store: DashboardStore): string {
  const liveness = streamLiveness(state, info);
  if (liveness.is !== 'live') return capitalize(livenessText(liveness, state.now));
  const total = info.channels.length;
  const shown = Math.min(maxPreviewLanes, visibleChannels(info, store.settings(info.name)).length);
  const channels = shown < total ? `${shown} of ${total} channels` : `${total} channel${total === 1 ? '' : 's'}`;
  const filtered = couplingOf(info, store.settings(info.name)) === 'ac' ? ', high-passed' : '';
  return `${channels}${filtered}${info.learners.some(({ learning }) => learning) ? ', learning' : ''}`;
}

function emptyView(state: DashboardState): TemplateResult {
  const open = state.connection.is === 'open';
  return html`<main class="empty">
    <h2>${open ? 'No streams yet' : 'Not connected'}</h2>
    <p>
      ${
        open
          ? 'Streams appear here when a sensor connects. To simulate one, run:'
          : 'Streams appear here when the server responds.'
      }
    </p>
    ${open ? html`<pre>npx tapline simulate eeg</pre>` : undefined} ${unconnectedLearners(state)}
  </main>`;
}
