import type uPlot from 'uplot';
import type { Block } from '../src/core/blocks/block.ts';
import { invalid } from '../src/core/check.ts';
import { AutoRange } from './auto-range.ts';
import { type ClipMark, drawClipMarks } from './clip-marks.ts';
import { type Columns, decimate } from './decimate.ts';
import { addElement, setText } from './dom.ts';
import { formatNumber, showUnit } from './format-number.ts';
import { type DisplayUnit, displayUnit } from './decibel.ts';
import type { Ring } from './ring.ts';
import type { Theme } from './theme.ts';
import { pointsWhenFew, TimeChart, type TimeOptions } from './time-chart.ts';

/** Options of FeatureLines. */
export interface FeatureLinesOptions extends TimeOptions {
  /** Labels of the feature maps (default: 1, 2, 3, …). */
  labels?: readonly string[];
  /** Unit of the values. */
  unit?: string;
  /** true: show dB; false: show power (default: unchanged). */
  dB?: boolean;
  /** Indices of the maps that are drawn (default: all). */
  rows?: readonly number[];
}

/** Interval between updates of the range, in ms. */
const rangeInterval = 250;
const scratch = new Float32Array(4096);

/** Heights in px per entry below which the key uses a small font, and two columns. */
const smallKeyHeight = 12;
const minKeyHeight = 9.5;

/** The rows of a feature map as lines on a common scale, with gaps at invalid values. */
export class FeatureLines {
  readonly #time: TimeChart;
  #ring: Ring | undefined;
  #labels: readonly string[];
  readonly #unit: string;
  readonly #key: HTMLElement;
  readonly #columns: Columns = { x: [], y: [] };
  #rows: readonly number[] | undefined;
  #display: DisplayUnit;
  /** Where the lines leave the plot. */
  readonly #clipped: ClipMark[] = [];
  #range = new AutoRange(0, 1);
  #rangeTime = -Infinity;

  constructor(element: HTMLElement, options: FeatureLinesOptions = {}) {
    const { labels = [], unit = '' } = options;
    this.#labels = labels;
    this.#unit = unit;
    this.#rows = options.rows;
    this.#display = displayUnit(unit, options.dB);
    this.#time = new TimeChart(element, options, {
      label: 'Feature maps as lines over time',
      options: (theme) => this.#plotOptions(theme),
      draw: (view) => this.#draw(view),
      resized: () => this.#relabel(),
    });
    this.#key = addElement(this.#time.chart.root, 'div', 'tapline-side tapline-margin');
  }

  /**
   * Adds a block.
   *
   * @throws RangeError if it does not have one channel per label.
   */
  push(block: Block): void {
    if (this.#labels.length === 0) {
      this.#labels = Array.from({ length: block.channels }, (_, row) => String(row + 1));
      this.#time.chart.rebuild();
    }
    if (block.channels !== this.#labels.length)
      throw invalid('block.channels', `${this.#labels.length}`, block.channels);
    const ring = this.#time.ringFor(this.#ring, block);
    if (ring !== this.#ring) this.#time.track(ring);
    this.#ring = ring;
    ring.push(block);
    this.#time.pushed(ring.newest);
  }

  /** Indices of the maps that are drawn. */
  get #drawn(): readonly number[] {
    return this.#rows ?? this.#labels.map((_, row) => row);
  }

  /** Changes options. Pushed data is kept. */
  set(options: { rows?: readonly number[]; dB?: boolean; window?: number }): void {
    this.#rows = options.rows ?? this.#rows;
    if ('dB' in options) this.#display = displayUnit(this.#unit, options.dB);
    if (options.window !== undefined) this.#time.view.setWindow(options.window);
    this.#range = new AutoRange(0, 1);
    this.#rangeTime = -Infinity;
    this.#time.chart.rebuild();
  }

  /** Redraws with the current CSS variables. */
  refresh(): void {
    this.#time.chart.rebuild();
  }

  /** Removes the plot from the page. */
  destroy(): void {
    this.#time.destroy();
  }

  #plotOptions(theme: Theme): Pick<uPlot.Options, 'series' | 'axes' | 'scales' | 'hooks'> {
    return {
      series: [
        {},
        ...this.#drawn.map((_, place) => ({
          stroke: theme.traces[place % theme.traces.length],
          width: 1.25,
          points: pointsWhenFew,
          pxAlign: 0,
        })),
      ],
      scales: { y: { range: () => this.#bounds() } },
      hooks: { draw: [(plot) => drawClipMarks(plot, this.#clipped, theme.ink)] },
      axes: [
        {
          scale: 'y',
          size: theme.gutter,
          gap: 6,
          font: theme.font,
          stroke: theme.muted,
          space: 26,
          grid: { stroke: theme.line, width: 1 },
          ticks: { show: false },
          values: (_, splits) =>
            splits.map((value, at) =>
              at === splits.length - 1 ? `${formatNumber(value)} ${showUnit(this.#display.unit)}` : formatNumber(value),
            ),
        },
      ],
    };
  }

  #bounds(): [number, number] {
    const [low, high] = this.#range.range ?? [0, 1];
    const padding = 0.08 * (high - low);
    return [low - padding, high + padding];
  }

  #draw(view: { end: number; window: number; width: number }): uPlot.AlignedData {
    const { convert } = this.#display;
    if (!this.#ring) return [[], ...this.#drawn.map(() => [])];
    decimate(this.#time.visibleRing(this.#ring), view, this.#drawn, this.#columns);
    for (const y of this.#columns.y)
      for (let i = 0; i < y.length; i++) {
        const value = y[i];
        if (value !== null) y[i] = convert(value);
      }
    const due = !this.#time.view.paused && performance.now() - this.#rangeTime > rangeInterval;
    if (due || this.#rangeTime === -Infinity) this.#updateRange();
    this.#findClipped();
    return [this.#columns.x, ...this.#columns.y];
  }

  #findClipped(): void {
    const [low, high] = this.#bounds();
    this.#clipped.length = 0;
    for (const y of this.#columns.y)
      y.forEach((value, at) => {
        if (value === null || (value >= low && value <= high)) return;
        const up = value > high;
        this.#clipped.push({ x: this.#columns.x[at], y: up ? high : low, up });
      });
  }

  #updateRange(): void {
    this.#rangeTime = performance.now();
    const { x, y } = this.#columns;
    const stride = Math.max(1, Math.ceil((x.length * y.length) / scratch.length));
    let count = 0;
    for (const line of y)
      for (let i = 0; i < line.length && count < scratch.length; i += stride) {
        const value = line[i];
        if (value !== null) scratch[count++] = value;
      }
    this.#range.update(scratch, count);
  }

  #relabel(): void {
    const { theme, height } = this.#time.chart;
    this.#key.style.top = '6px';
    this.#key.style.height = `${height}px`;
    const tight = height < minKeyHeight * this.#drawn.length;
    this.#key.classList.toggle('tapline-keys-small', height < smallKeyHeight * this.#drawn.length);
    this.#key.classList.toggle('tapline-keys-two', tight);
    this.#key.style.gridTemplateRows = tight ? `repeat(${Math.ceil(this.#drawn.length / 2)}, 1fr)` : '';
    this.#key.replaceChildren();
    this.#drawn.forEach((row, place) => {
      const key = addElement(this.#key, 'div', 'tapline-key');
      key.style.color = theme.traces[place % theme.traces.length];
      setText(addElement(key, 'span', ''), this.#keyText(row));
    });
  }

  /** The label of a row without the words that all drawn rows start or end with. */
  #keyText(row: number): string {
    const drawn = this.#drawn.map((other) => this.#labels[other]);
    let labels = drawn;
    for (const word of [/^\S+\s+/, /\s+\S+$/])
      while (labels.length > 1 && labels.every((label) => sharesWord(word, label, labels[0])))
        labels = labels.map((label) => label.replace(word, ''));
    return labels[this.#drawn.indexOf(row)];
  }
}

function sharesWord(word: RegExp, label: string, other: string): boolean {
  const match = word.exec(label)?.[0];
  return match !== undefined && match === word.exec(other)?.[0];
}
