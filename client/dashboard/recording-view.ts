import { html, nothing, type TemplateResult } from 'lit-html';
import { formatBytes } from '../format-bytes.ts';
import type { DashboardState } from './dashboard-state.ts';

/** The sign that shows whether the server records its streams: on, off, or not now. Hidden while that is unknown. */
export function recordingView({ connection, recording }: DashboardState): TemplateResult | typeof nothing {
  if (!recording || connection.is !== 'open') return nothing;
  const { on, bytes = 0, problem } = recording;
  const [state, text, title] = !on
    ? ['off', 'Not recording', 'Recording is turned off on this server']
    : problem === undefined
      ? ['on', 'REC', `Recording all streams on the server (${formatBytes(bytes)})`]
      : ['problem', `Not recording: ${problem}`, 'Streams are still processed, but what arrives now is not stored'];
  // the text that is spoken has no size, which would be announced with every change
  const spoken = state === 'on' ? 'Recording' : text;
  return html`<span class="rec rec-${state}" data-testid="recording" title=${title}
    ><span aria-hidden="true">${text}</span><span class="visually-hidden" role="status">${spoken}</span></span
  >`;
}
