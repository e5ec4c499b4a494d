import { html, type TemplateResult } from 'lit-html';
import { formatNumber } from '../format-number.ts';
import type { StreamInfo } from '../../src/protocol/index.ts';
import { isAlarmed, isEeg, type PageState, selectedStream } from './page-state.ts';
import type { PageStore } from './page-store.ts';

/** Every stream there is, with its rate and how late it is. */
export function streamListView(state: PageState, store: PageStore): TemplateResult {
  const selected = selectedStream(state);
  return html`<nav class="streams" aria-label="Streams" data-testid="streams">
    <ul>
      ${state.streams.map(
        (info) =>
          html`<li>
            <button
              type="button"
              class="stream ${info.live ? 'stream-live' : ''} ${isAlarmed(state, info.name) ? 'stream-alarmed' : ''}"
              data-testid="stream-item"
              data-stream=${info.name}
              aria-pressed=${info === selected}
              @click=${() => store.change({ chosen: info.name })}
            >
              <span class="stream-dot" aria-hidden="true"></span>
              <span class="stream-name">${info.name}</span>
              <span class="stream-about">${aboutStream(info)}</span>
              <span class="stream-health">${streamHealth(state, info)}</span>
            </button>
          </li>`,
      )}
    </ul>
  </nav>`;
}

/** What a stream is, in a few words. */
export function aboutStream(info: StreamInfo): string {
  if (info.for) return `truth of ${info.for}`;
  const channels = `${info.channels.length} channel${info.channels.length === 1 ? '' : 's'}`;
  return isEeg(info) ? `${info.kind?.replace(/eeg$/i, 'EEG')}, ${channels}` : channels;
}

/** The measured rate and the lag of a stream, or that it is gone. */
export function streamHealth(state: PageState, info: StreamInfo): string {
  const health = state.health.get(info.name);
  if (!info.live) return 'ended';
  const known = health && (health.rate > 0 || (health.lag ?? 0) > 1000);
  const hertz = formatRate(known ? health.rate : info.rate, info.rate);
  return health && health.lag !== null ? `${hertz} · lag ${formatLag(health.lag)}` : hertz;
}

/** The rate that a stream says it has, and the measured one where that is another. */
function formatRate(measured: number, said: number): string {
  const write = (rate: number): string => `${rate >= 100 ? Math.round(rate) : formatNumber(rate)}`;
  if (!(said > 0)) return measured > 0 ? `${write(measured)} Hz` : 'irregular';
  return Math.abs(measured / said - 1) < 0.15 ? `${write(said)} Hz` : `${write(measured)} of ${write(said)} Hz`;
}

function formatLag(ms: number): string {
  if (Math.abs(ms) < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  return Math.abs(ms) < 86_400_000 ? `${formatNumber(ms / 1000)} s` : 'over a day';
}
