import { html, type TemplateResult } from 'lit-html';
import { keyed } from 'lit-html/directives/keyed.js';
import { repeat } from 'lit-html/directives/repeat.js';
import type { StreamInfo } from '../../src/protocol/index.ts';
import { alarmsView } from './alarms-view.ts';
import { featuresView } from './features-view.ts';
import { connectionView, headerView } from './header-view.ts';
import { learnersView, skillPreview } from './learner-view.ts';
import { type DashboardState, selectedStream, previewedStreams } from './dashboard-state.ts';
import type { DashboardStore } from './dashboard-store.ts';
import { maxPreviewLanes, signalView, signalPreview, visibleChannels } from './signal-view.ts';
import type { StreamFeed } from './stream-feed.ts';
import { streamListView } from './stream-list-view.ts';

/** Names longer than this need a wider column. */
const maxShortLabel = 9;

/** The whole page, as a function of its state. */
export function dashboardView(state: DashboardState, store: DashboardStore, feedOf: (stream: string) => StreamFeed): TemplateResult {
  const selected = selectedStream(state);
  return html`${headerView(state, store)} ${connectionView(state.connection, Date.now())}
  ${selected ? streamListView(state, store) : undefined}
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
        (other) => previewView(other, store, feedOf(other.name)),
      )}
    </div>
  </main>`;
}

function previewView(info: StreamInfo, store: DashboardStore, feed: StreamFeed): TemplateResult {
  return html`<section
    class="card card-beside"
    aria-label="Stream ${info.name}"
    data-testid="beside"
    data-stream=${info.name}
  >
    <header class="card-head">
      <div class="card-words">
        <h2>Also live: ${info.name}</h2>
        <p>${previewCaption(info, store)}</p>
      </div>
      <button type="button" class="skill" @click=${() => store.change({ selected: info.name })}>
        open<span aria-hidden="true"> ▸</span>
      </button>
    </header>
    <div class="beside">${signalPreview(info, feed, store.settings(info.name))} ${skillPreview(info, feed)}</div>
  </section>`;
}

function previewCaption(info: StreamInfo, store: DashboardStore): string {
  const all = info.channels.length;
  const shown = Math.min(maxPreviewLanes, visibleChannels(info, store.settings(info.name)).length);
  const channels = shown < all ? `${shown} of ${all} channels` : `${all} channel${all === 1 ? '' : 's'}`;
  return `${channels}${info.learners.some(({ learning }) => learning) ? ', learning too' : ''}`;
}

function emptyView(state: DashboardState): TemplateResult {
  const open = state.connection.is === 'open';
  return html`<main class="empty">
    <h2>${open ? 'No stream yet' : 'Not connected'}</h2>
    <p>
      ${
        open
          ? 'Streams appear here as soon as a sensor publishes one, for example:'
          : 'Streams appear here as soon as the server answers.'
      }
    </p>
    ${open ? html`<pre>npx tapline simulate eeg</pre>` : undefined}
  </main>`;
}
