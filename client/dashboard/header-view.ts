import { html, type TemplateResult } from 'lit-html';
import type { StreamInfo } from '../../src/protocol/index.ts';
import { formatDuration } from '../format-time.ts';
import { isPowerUnit } from '../decibel.ts';
import { palettes } from '../palette.ts';
import type { Connection } from './connection.ts';
import { choice, toggle } from './controls-view.ts';
import {
  type DashboardState,
  samplingRate,
  selectedMap,
  selectedStream,
  streamLiveness,
  windowLength,
} from './dashboard-state.ts';
import { capitalize, livenessText } from './liveness.ts';
import type { DashboardStore } from './dashboard-store.ts';
import { recordingView } from './recording-view.ts';
import { rejectedStream } from './rejected-messages.ts';
import { timeWindows } from './time-windows.ts';

/** The top bar: brand, connection state, and the controls that apply to all panels. */
export function headerView(state: DashboardState, store: DashboardStore): TemplateResult {
  const info = selectedStream(state);
  const rejected = info && rejectedStream(state, info);
  const live = state.connection.is === 'open' && (!info || streamLiveness(state, info).is === 'live');
  return html`<header class="bar">
    <div class="brand">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" class="brand-ground" />
        <path d="M5 10h22M9 10v9M16 10v13M23 10v6" />
        <circle cx="9" cy="20" r="2.4" />
        <circle cx="16" cy="24" r="2.4" />
        <circle cx="23" cy="17" r="2.4" />
      </svg>
      <div>
        <h1>Tapline</h1>
        <p>Streaming convolution for live sensor data</p>
      </div>
    </div>
    <div class="bar-controls" role="toolbar" aria-label="View">
      <output
        class="live ${state.paused ? 'live-paused' : rejected ? 'live-rejected' : live ? 'live-on' : ''}"
        data-testid="live-state"
        aria-live="off"
        >${stateLabel(state, info)}</output
      >
      <span class="visually-hidden" role="status">${spokenState(state, info)}</span>
      ${recordingView(state)}
      <button
        class="button"
        type="button"
        data-testid="pause"
        aria-pressed=${state.paused}
        title="Pause or resume the charts; data is still received (Space)"
        @click=${store.togglePause}
      >
        ${state.paused ? 'Go live' : 'Pause'}<kbd>Space</kbd>
      </button>
      ${info && windowView(state, info, store)}
      ${choice({
        label: 'Colors',
        testid: 'palette',
        value: state.palette,
        choices: palettes.map((value) => ({ value, text: value })),
        onSelect: (palette) => store.change({ palette }),
      })}
      ${toggle({
        label: 'dB',
        testid: 'db',
        on: state.dB,
        onChange: (dB) => store.change({ dB }),
        disabled: !showsPower(state),
      })}
    </div>
  </header>`;
}

function windowView(state: DashboardState, info: StreamInfo, store: DashboardStore): TemplateResult {
  const value = windowLength(state, info);
  const windows = new Set([...timeWindows(samplingRate(state, info)), value]);
  return choice({
    label: 'Window',
    testid: 'window',
    value,
    choices: [...windows].sort((a, b) => a - b).map((seconds) => ({ value: seconds, text: formatDuration(seconds) })),
    onSelect: (window) => store.setStream(info.name, { window }),
  });
}

/** Lag of this page behind the server, in ms, from which on it is shown. */
const minShownLag = 1000;

function stateLabel(state: DashboardState, info: StreamInfo | undefined): string {
  const { connection, paused, behind, viewerLag } = state;
  const seconds = Math.round(behind);
  if (paused) return seconds > 0 ? `Paused, ${formatDuration(seconds)} behind` : 'Paused';
  if (connection.is !== 'open') return connection.is === 'connecting' ? 'Connecting' : 'Disconnected';
  if (!info) return 'Connected';
  if (viewerLag > minShownLag) return `This page is ${formatDuration(viewerLag / 1000)} behind`;
  if (rejectedStream(state, info)) return 'All messages rejected';
  return capitalize(livenessText(streamLiveness(state, info), state.now));
}

/** The state without numbers, so that screen readers announce changes of the state only. */
function spokenState(state: DashboardState, info: StreamInfo | undefined): string {
  if (state.paused) return 'Paused';
  if (!info) return state.connection.is === 'open' ? 'Connected' : 'Not connected';
  if (rejectedStream(state, info)) return `${info.name}: all messages rejected`;
  const { is } = streamLiveness(state, info);
  return `${info.name}: ${is === 'clock' ? 'wrong clock' : is}`;
}

function showsPower(state: DashboardState): boolean {
  const info = selectedStream(state);
  const map = info && selectedMap(info, state.settings.get(info.name) ?? {});
  return isPowerUnit(map?.unit ?? '');
}

/** A notice with the connection state, hidden while the connection is open. */
export function connectionView(connection: Connection, now: number): TemplateResult {
  const text = {
    open: () => '',
    connecting: () => 'Connecting to the server…',
    waiting: () => {
      const { reason, until } = connection as Extract<Connection, { is: 'waiting' }>;
      const left = Math.max(0, Math.ceil((until - now) / 1000));
      return `Disconnected: ${reason.replace(/\.$/, '')}. ${left > 0 ? `Reconnecting in ${left} s.` : 'Reconnecting…'}`;
    },
    ended: () => {
      const { reason } = connection as Extract<Connection, { is: 'ended' }>;
      return `Disconnected: ${reason.replace(/\.$/, '')}. Reload the dashboard to reconnect.`;
    },
  }[connection.is]();
  return html`<p class="notice" data-testid="connection" ?hidden=${text === ''}>${text}</p>`;
}
