import { addElement, setText, thinOutLabels } from './dom.ts';
import { formatClock } from './format-time.ts';
import { formatNumber, showUnit } from './format-number.ts';
import { groupRows, type RowGroup } from './row-groups.ts';

/** The value under the pointer; `time` is in ms since 1970. */
interface PointerReading {
  readonly row: number;
  readonly value: number;
  readonly unit: string;
  readonly time: number;
}

/** The text around a FeatureMap: row names, color bar, event labels, and the tooltip. */
export class MapLabels {
  #labels: readonly string[] = [];
  #groups: readonly RowGroup[] | undefined;
  /** The elements with the names of groups, or of rows without groups. */
  #named: HTMLElement[] = [];
  readonly #gutter: HTMLElement;
  readonly #margin: HTMLElement;
  readonly #events: HTMLElement;
  readonly #colors: HTMLCanvasElement;
  readonly #numbers: HTMLElement[];
  readonly #unit: HTMLElement;
  readonly #tip: HTMLElement;
  readonly #root: HTMLElement;

  constructor(root: HTMLElement) {
    this.#root = root;
    this.#gutter = addElement(root, 'div', 'tapline-side tapline-gutter');
    this.#events = addElement(root, 'div', 'tapline-events');
    this.#margin = addElement(root, 'div', 'tapline-side tapline-margin');
    const bar = addElement(this.#margin, 'div', 'tapline-colors');
    this.#colors = root.ownerDocument.createElement('canvas');
    this.#colors.width = 1;
    this.#colors.height = 256;
    bar.append(this.#colors);
    const numbers = addElement(this.#margin, 'div', 'tapline-color-numbers');
    this.#numbers = [addElement(numbers, 'div', ''), addElement(numbers, 'div', ''), addElement(numbers, 'div', '')];
    this.#unit = addElement(this.#margin, 'div', 'tapline-unit');
    this.#tip = addElement(root, 'div', 'tapline-tip');
    this.#tip.hidden = true;
  }

  /** Sets the row labels. */
  setRows(labels: readonly string[]): void {
    this.#labels = labels;
    this.#groups = groupRows(labels);
    this.#gutter.replaceChildren();
    this.#addRows();
  }

  /** Lays out the labels for a map that is `height` px high, with these kinds of events under it. */
  layOut(height: number, kinds: readonly { label: string; color: string }[]): void {
    const row = height / Math.max(1, this.#labels.length);
    this.#root.classList.toggle('tapline-tight', row < 12);
    this.#root.classList.toggle('tapline-tiny', row < 8.5);
    thinOutLabels(this.#named, height / Math.max(1, this.#named.length));
    for (const side of [this.#gutter, this.#margin]) {
      side.style.top = '6px';
      side.style.height = `${height}px`;
    }
    this.#events.style.top = `${height + 10}px`;
    this.#events.replaceChildren();
    for (const { label, color } of kinds) {
      const name = addElement(this.#events, 'div', 'tapline-event');
      name.style.color = color;
      name.title = label;
      name.append(this.#root.ownerDocument.createElement('span'));
      setText(name.firstElementChild, label);
    }
  }

  /** Draws the color bar and its numbers. */
  setColorBar(range: readonly [number, number], unit: string, colors: Uint32Array): void {
    const [low, high] = range;
    const context = this.#colors.getContext('2d');
    const pixels = context?.createImageData(1, 256);
    if (context && pixels) {
      new Uint32Array(pixels.data.buffer).set(colors.slice().reverse());
      context.putImageData(pixels, 0, 0);
    }
    const digits = Math.max(0, Math.min(3, Math.ceil(-Math.log10((high - low) / 40))));
    [high, (low + high) / 2, low].forEach((value, at) => {
      const round = Number(value.toFixed(digits));
      setText(this.#numbers[at], formatNumber(Object.is(round, -0) ? 0 : round));
    });
    setText(this.#unit, showUnit(unit));
  }

  /** Shows the value under the pointer, which is at the fraction `at` of the width; undefined hides it. */
  setTooltip(reading: PointerReading | undefined, at: number): void {
    this.#tip.hidden = !reading;
    if (!reading) return;
    const value = Number.isFinite(reading.value)
      ? `${formatNumber(reading.value)} ${showUnit(reading.unit)}`
      : 'No data';
    setText(this.#tip, `${this.#labels[reading.row]} · ${value.trim()} · ${formatClock(reading.time, 0.1)}`);
    this.#tip.style.left = at < 0.5 ? 'auto' : 'calc(var(--_gutter) + 6px)';
    this.#tip.style.right = at < 0.5 ? 'calc(var(--_margin) + 6px)' : 'auto';
  }

  /** Draws thin lines between groups. */
  drawSeparators(
    context: CanvasRenderingContext2D,
    area: { left: number; top: number; width: number; height: number },
    color: string,
  ): void {
    const ratio = context.canvas.width / Math.max(1, this.#root.clientWidth);
    context.fillStyle = color;
    for (const { from } of this.#groups ?? []) {
      const y = area.top + (area.height * from) / this.#labels.length;
      if (from > 0) context.fillRect(area.left, y - ratio, area.width, 2 * ratio);
    }
  }

  #addRows(): void {
    if (!this.#groups) {
      const rows = addElement(this.#gutter, 'div', 'tapline-rows');
      rows.style.flex = '1';
      this.#named = this.#labels.map((label) => {
        const row = addElement(rows, 'div', 'tapline-row');
        setText(row, label);
        return row;
      });
      return;
    }
    this.#named = [];
    for (const { name, rows } of this.#groups) {
      const group = addElement(this.#gutter, 'div', 'tapline-group');
      group.style.flex = `${rows.length} 1 0`;
      const title = addElement(group, 'div', 'tapline-group-name');
      setText(title, name);
      this.#named.push(title);
      const names = addElement(group, 'div', 'tapline-rows');
      for (const row of rows) setText(addElement(names, 'div', 'tapline-row'), row);
    }
  }
}
