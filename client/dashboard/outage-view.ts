import { html, type TemplateResult } from 'lit-html';
import type { DashboardState } from './dashboard-state.ts';
import type { DashboardStore } from './dashboard-store.ts';
import { outageReport } from './outage.ts';

/** The report of the last outage, until it is dismissed. */
export function outageView({ outage, connection }: DashboardState, store: DashboardStore): TemplateResult | undefined {
  if (!outage || connection.is !== 'open') return undefined;
  return html`<p class="notice notice-outage" data-testid="missed">
    <span role="status">${outageReport(outage)}</span>
    <button
      type="button"
      class="small-button"
      data-testid="dismiss"
      @click=${() => store.change({ outage: undefined })}
    >
      Dismiss
    </button>
  </p>`;
}
