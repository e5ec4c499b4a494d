import { html, type TemplateResult } from 'lit-html';
import { formatDuration, formatRate } from '../format-time.ts';
import { formatNumber } from '../format-number.ts';
import type { StreamInfo } from '../../src/protocol/index.ts';
import { isAlarmed, isEeg, type DashboardState, samplingRate, selectedStream, playbackSpeed } from './dashboard-state.ts';
import { truncatedList } from './controls-view.ts';
import type { DashboardStore } from './dashboard-store.ts';

/** Streams that are listed until somebody asks for more. */
const mostStreams = 12;

/** Every stream there is, with its rate and how late it is. */
export function streamListView(state: DashboardState, store: DashboardStore): TemplateResult {
  const selected = selectedStream(state);
  const { shown, more } = truncatedList(store, 'streams', state.streams, mostStreams);
  return html`<nav class="streams" aria-label="Streams" data-testid="streams">
    <ul>
      ${shown.map(
        (info) =>
          html`<li class="stream-item">
            <button
              type="button"
              class="stream ${info.live ? 'stream-live' : ''} ${isAlarmed(state, info.name) ? 'stream-alarmed' : ''}"
              data-testid="stream-item"
              data-stream=${info.name}
              title=${info.name}
              aria-pressed=${info === selected}
              @click=${() => store.change({ selected: info.name })}
            >
              <span class="stream-dot" aria-hidden="true"></span>
              <span class="stream-name">${info.name}</span>
              <span class="stream-about">${aboutStream(info)}</span>
              <span class="stream-health">${streamHealth(state, info)}</span>
            </button>
            ${info.live ? undefined : removeView(info, store)}
          </li>`,
      )}
      ${more ? html`<li>${more}</li>` : undefined}
    </ul>
  </nav>`;
}

function removeView({ name }: StreamInfo, store: DashboardStore): TemplateResult {
  return html`<button
    type="button"
    class="stream-remove"
    data-testid="remove"
    title="Take it off the list, and end its alarms; its sensor may come back"
    aria-label="Remove stream ${name}"
    @click=${() => store.request({ type: 'remove', stream: name })}
  >
    ×
  </button>`;
}

/** What a stream is, in a few words. */
function aboutStream(info: StreamInfo): string {
  if (info.for) return `truth of ${info.for}`;
  const channels = `${info.channels.length} channel${info.channels.length === 1 ? '' : 's'}`;
  return isEeg(info) ? `${info.kind?.replace(/eeg$/i, 'EEG')}, ${channels}` : channels;
}

/** How often frames of a stream come, how late they are, or that it is gone. */
function streamHealth(state: DashboardState, info: StreamInfo): string {
  if (!info.live) return 'ended';
  const lag = state.health.get(info.name)?.lag ?? null;
  return lag === null ? paceWords(state, info) : `${paceWords(state, info)} · ${lagWords(lag)}`;
}

/** The rate that a stream says it has, or that of its frames; and how much faster or slower it runs. */
function paceWords(state: DashboardState, info: StreamInfo): string {
  const rate = samplingRate(state, info);
  if (rate === 0) return 'irregular';
  const speed = playbackSpeed(state, info);
  if (info.rate === 0) return `about ${formatRate(rate)}`;
  if (speed < 1) return `${formatNumber(speed * rate)} of ${formatRate(rate)}`;
  return speed > 1 ? `${formatRate(rate)}, runs ${speed} times as fast` : formatRate(rate);
}

function lagWords(ms: number): string {
  return ms < 90_000 ? `lag ${formatDuration(ms / 1000)}` : `newest ${formatDuration(ms / 1000)} ago`;
}
