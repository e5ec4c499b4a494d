import type { DashboardStore } from './dashboard-store.ts';
import { html, type TemplateResult } from 'lit-html';

/** A labelled `<select>`. */
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

/** A switch with its name. */
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

/** A question mark that explains something in one sentence, under the pointer or with the focus. */
export function hint(sentence: string): TemplateResult {
  return html`<button type="button" class="hint" data-hint=${sentence} aria-label=${sentence}>?</button>`;
}

/** Says how many frames are needed before there is something to see, while they have not come. */
export function waiting(needed: number, came: number): TemplateResult | undefined {
  if (came >= needed) return undefined;
  return html`<p class="waiting" role="status" data-testid="waiting">
    <span>Waiting for ${needed} frames: ${came} came.</span>
  </p>`;
}

/** A card: a title, one line that says what it shows, controls, and a body. */
export function card(options: {
  title: string;
  caption: string | TemplateResult;
  name: string;
  /** What its words and numbers mean, in one sentence. */
  about?: string;
  controls?: unknown;
  body: unknown;
}): TemplateResult {
  return html`<section class="card card-${options.name}" aria-label=${options.title}>
    <header class="card-head">
      <div class="card-words">
        <h2>${options.title} ${options.about === undefined ? undefined : hint(options.about)}</h2>
        <p>${options.caption}</p>
      </div>
      ${options.controls ? html`<div class="card-controls">${options.controls}</div>` : undefined}
    </header>
    ${options.body}
  </section>`;
}

/** The beginning of a list, and a button that shows how many more there are; or all of it. */
export function truncatedList<T>(
  store: DashboardStore,
  name: string,
  items: readonly T[],
  most: number,
): { shown: readonly T[]; more: TemplateResult | undefined } {
  if (items.length <= most) return { shown: items, more: undefined };
  const whole = store.state.expanded.has(name);
  const more = html`<button
    type="button"
    class="more"
    data-testid="more-${name}"
    aria-expanded=${whole}
    @click=${() => store.toggleExpanded(name)}
  >
    ${whole ? 'Show fewer' : `and ${items.length - most} more`}
  </button>`;
  return { shown: whole ? items : items.slice(0, most), more };
}
