import { html, type TemplateResult } from 'lit-html';
import type { DashboardStore } from './dashboard-store.ts';

/** A labeled `<select>`. */
export function choice<T extends string | number>(options: {
  label: string;
  testid: string;
  value: T;
  choices: readonly { value: T; text: string }[];
  onSelect: (value: T) => void;
}): TemplateResult {
  const changed = (event: Event): void => {
    const { selectedIndex } = event.target as HTMLSelectElement;
    options.onSelect(options.choices[selectedIndex].value);
  };
  return html`<label class="choice"
    ><span>${options.label}</span>
    <select data-testid=${options.testid} @change=${changed}>
      ${options.choices.map(
        ({ value, text }) => html`<option value=${value} ?selected=${value === options.value}>${text}</option>`,
      )}
    </select></label
  >`;
}

/** A labeled switch. */
export function toggle(options: {
  label: string;
  testid: string;
  on: boolean;
  onChange: (on: boolean) => void;
  disabled?: boolean;
}): TemplateResult {
  return html`<label class="toggle"
    ><input
      type="checkbox"
      role="switch"
      data-testid=${options.testid}
      .checked=${options.on}
      ?disabled=${options.disabled ?? false}
      @change=${(event: Event) => options.onChange((event.target as HTMLInputElement).checked)}
    /><span>${options.label}</span></label
  >`;
}

/** A help button with a question mark; `text` is shown on hover and on focus. */
export function hint(text: string): TemplateResult {
  return html`<button type="button" class="hint" data-hint=${text} aria-label=${text}>?</button>`;
}

/** A line with the progress towards the first output; undefined once `received` reaches `needed` frames. */
export function waiting(needed: number, received: number): TemplateResult | undefined {
  if (received >= needed) return undefined;
  return html`<p class="waiting" data-testid="waiting">
    <span>Waiting for data: ${received} of ${needed} frames</span>
  </p>`;
}

/** A card: a title with a caption and optional help, controls, and a body. */
export function card(options: {
  title: string;
  caption: string | TemplateResult;
  name: string;
  help?: string;
  controls?: unknown;
  body: unknown;
}): TemplateResult {
  return html`<section class="card card-${options.name}" aria-label=${options.title}>
    <header class="card-head">
      <div class="card-title">
        <h2>${options.title} ${options.help === undefined ? undefined : hint(options.help)}</h2>
        <p>${options.caption}</p>
      </div>
      ${options.controls ? html`<div class="card-controls">${options.controls}</div>` : undefined}
    </header>
    ${options.body}
  </section>`;
}

/** The first `max` items of a list with a button that shows the rest, or all items once the list is expanded. */
export function truncatedList<T>(
  store: DashboardStore,
  name: string,
  items: readonly T[],
  max: number,
): { shown: readonly T[]; more: TemplateResult | undefined } {
  if (items.length <= max) return { shown: items, more: undefined };
  const expanded = store.state.expanded.has(name);
  const more = html`<button
    type="button"
    class="more"
    data-testid="more-${name}"
    aria-expanded=${expanded}
    @click=${() => store.toggleExpanded(name)}
  >
    ${expanded ? 'Show fewer' : `Show ${items.length - max} more`}
  </button>`;
  return { shown: expanded ? items : items.slice(0, max), more };
}
