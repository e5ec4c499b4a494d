import { addElement, setText } from './dom.ts';
import type { TimeView } from './time-view.ts';

/** Covers a plot with the note of its view, such as `No data since 18:38:12`; hidden while data arrives. */
export class Veil {
  readonly #element: HTMLElement;
  readonly #text: HTMLElement;
  readonly #view: TimeView;

  constructor(root: HTMLElement, view: TimeView, className = 'tapline-veil') {
    this.#view = view;
    this.#element = addElement(root, 'div', className);
    this.#element.dataset.testid = 'veil';
    this.#text = addElement(this.#element, 'span', '');
    this.update();
  }

  update(): void {
    const { note, paused } = this.#view;
    const hidden = note === '' || paused;
    if (this.#element.hidden !== hidden) this.#element.hidden = hidden;
    if (!hidden) setText(this.#text, note);
  }
}
