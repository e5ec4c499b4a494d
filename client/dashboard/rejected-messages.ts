import { html, type TemplateResult } from 'lit-html';
import type { RejectedMessages, StreamInfo } from '../../src/protocol/index.ts';
import { formatNumber } from '../format-number.ts';
import { type DashboardState, selectedStream } from './dashboard-state.ts';

/** Messages in a row after which a stream that has frames counts as rejected. */
const minInARow = 3;

/** Returns the rejected messages of a live stream of which all recent messages were rejected. */
export function rejectedStream(state: DashboardState, { name, live }: StreamInfo): RejectedMessages | undefined {
  const { rejected, received = 0 } = state.health.get(name) ?? {};
  const { inARow = 0 } = rejected ?? {};
  return live && inARow >= (received === 0 ? 1 : minInARow) ? rejected : undefined;
}

/** A short text: `5 messages rejected`. */
export function rejectedText({ count }: RejectedMessages): string {
  return `${formatNumber(count)} ${count === 1 ? 'message' : 'messages'} rejected`;
}

/** The number of messages for each error code, and the last error message. */
export function rejectedDetails({ reasons, last }: RejectedMessages): string {
  const list = Object.entries(reasons).map(([code, count]) => `${formatNumber(count)} × ${code}`);
  return `${list.join(', ')}. Last: ${last}`;
}

/** What is wrong or unusual about the selected stream: rejected messages, and the notes of the server. */
export function streamNotices(state: DashboardState): TemplateResult | undefined {
  const info = selectedStream(state);
  if (!info) return undefined;
  const rejected = rejectedStream(state, info);
  const { notes = [] } = info;
  return html`${
    rejected &&
    html`<p class="notice notice-rejected" data-testid="rejected">
      ${info.name}: ${rejectedText(rejected)}. Last: ${rejected.last}
    </p>`
  }
  ${
    notes.length > 0
      ? html`<p class="notice notice-outage" data-testid="notes">${info.name}: ${notes.join('; ')}.</p>`
      : undefined
  }`;
}
