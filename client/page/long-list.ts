import { html, type TemplateResult } from 'lit-html';
import type { PageStore } from './page-store.ts';

/** The beginning of a list, and a button that shows how many more there are; or all of it. */
export function longList<T>(
  store: PageStore,
  name: string,
  items: readonly T[],
  most: number,
): { shown: readonly T[]; more: TemplateResult | undefined } {
  if (items.length <= most) return { shown: items, more: undefined };
  const whole = store.state.whole.has(name);
  const more = html`<button
    type="button"
    class="more"
    data-testid="more-${name}"
    aria-expanded=${whole}
    @click=${() => store.toggleWhole(name)}
  >
    ${whole ? 'Show fewer' : `and ${items.length - most} more`}
  </button>`;
  return { shown: whole ? items : items.slice(0, most), more };
}
