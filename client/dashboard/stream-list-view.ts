import { html, type TemplateResult } from 'lit-html';
import { formatDuration, formatRate } from '../format-time.ts';
import { formatNumber } from '../format-number.ts';
import type { StreamInfo } from '../../src/protocol/index.ts';
import {
  type DashboardState,
  isAlarmed,
  isEeg,
  playbackSpeed,
  samplingRate,
  selectedStream,
  streamLiveness,
} from './dashboard-state.ts';
import { livenessText } from './liveness.ts';
import { truncatedList } from './controls-view.ts';
import type { DashboardStore } from './dashboard-store.ts';
import { rejectedDetails, rejectedStream, rejectedText } from './rejected-messages.ts';

/** Streams that are listed before "Show more" is clicked. */
const maxStreams = 12;

/** The list of streams, each with its rate and lag. */
export function streamListView(state: DashboardState, store: DashboardStore): TemplateResult {
  const selected = selectedStream(state);
  const { shown, more } = truncatedList(store, 'streams', state.streams, maxStreams);
  const rejected = (info: StreamInfo): string => {
    const messages = rejectedStream(state, info);
    return messages ? rejectedDetails(messages) : '';
  };
  return html`<nav class="streams" aria-label="Streams" data-testid="streams">
    <ul>
      ${shown.map(
        (info) =>
          html`<li class="stream-item">
            <button
              type="button"
              class="stream ${streamLiveness(state, info).is === 'live' ? 'stream-live' : ''} ${isAlarmed(state, info.name) ? 'stream-alarmed' : ''} ${rejected(info) === '' ? '' : 'stream-rejected'}"
              data-testid="stream-item"
              data-stream=${info.name}
              title=${rejected(info) === '' ? info.name : `${info.name}: ${rejected(info)}`}
              aria-pressed=${info === selected}
              @click=${() => store.change({ selected: info.name })}
            >
              <span class="stream-dot" aria-hidden="true"></span>
              <span class="stream-name">${info.name}</span>
              <span class="stream-kind">${streamKind(info)}</span>
              <span class="stream-health">${streamHealth(state, info)}</span>
            </button>
            ${info.live ? undefined : removeView(info, store)}
          </li>`,
      )}
      ${state.unopened.map(
        ({ name, rejected }) =>
          html`<li class="stream-item">
            <div class="stream stream-rejected" data-testid="unopened" title="${name}: ${rejectedDetails(rejected)}">
              <span class="stream-dot" aria-hidden="true"></span>
              <span class="stream-name">${name}</span>
              <span class="stream-kind">no valid message</span>
              <span class="stream-health">${rejectedText(rejected)}</span>
            </div>
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
    title="Remove this stream and clear its alarms; it reappears when its sensor reconnects"
    aria-label="Remove stream ${name}"
    @click=${() => store.request({ type: 'remove', stream: name })}
  >
    ×
  </button>`;
}

/** The kind and the number of channels of a stream, or the stream that it is the target of. */
function streamKind(info: StreamInfo): string {
  if (info.for) return `target for ${info.for}`;
  const channels = `${info.channels.length} channel${info.channels.length === 1 ? '' : 's'}`;
  return isEeg(info) ? `${info.kind?.replace(/eeg$/i, 'EEG')}, ${channels}` : channels;
}

/** The sampling rate and the lag of a live stream; otherwise why it is not live. */
function streamHealth(state: DashboardState, info: StreamInfo): string {
  const liveness = streamLiveness(state, info);
  const rejected = rejectedStream(state, info);
  if (rejected) return rejectedText(rejected);
  if (liveness.is === 'clock') return `${rateText(state, info)} · ${livenessText(liveness, state.now)}`;
  if (liveness.is !== 'live') return livenessText(liveness, state.now);
  const lag = state.health.get(info.name)?.lag ?? null;
  return lag === null ? rateText(state, info) : `${rateText(state, info)} · ${lagText(lag)}`;
}

/** The declared or observed sampling rate of a stream, and the playback speed if it is not 1. */
function rateText(state: DashboardState, info: StreamInfo): string {
  const rate = samplingRate(state, info);
  if (rate === 0) return 'irregular rate';
  const speed = playbackSpeed(state, info);
  if (info.rate === 0) return `≈ ${formatRate(rate)}`;
  if (speed < 1) return `${formatNumber(speed * rate)} of ${formatRate(rate)}`;
  return speed > 1 ? `${formatRate(rate)}, ${speed}× speed` : formatRate(rate);
}

function lagText(ms: number): string {
  return ms < 90_000 ? `lag ${formatDuration(ms / 1000)}` : `last frame ${formatDuration(ms / 1000)} ago`;
}
