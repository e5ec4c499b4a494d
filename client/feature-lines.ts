import type uPlot from 'uplot';
import type { Block } from '../src/core/blocks/block.ts';
import { invalid } from '../src/core/check.ts';
import { AutoRange } from './auto-range.ts';
import { type Columns, decimate } from './decimate.ts';
import { addElement, setText } from './dom.ts';
import { formatNumber, showUnit } from './format-number.ts';
import { type DisplayUnit, displayUnit } from './decibel.ts';
import type { Ring } from './ring.ts';
import type { Theme } from './theme.ts';
import { pointsWhenFew, TimeChart, type TimeOptions } from './time-chart.ts';

export interface FeatureLinesOptions extends TimeOptions {
  /** What each feature map is called; numbers when nothing is said. */
  labels?: readonly string[];
  unit?: string;
  /** true: in decibel; false: as power. As it comes when nothing is said. */
  dB?: boolean;
  /** Places of the maps that are drawn; all when nothing is said. */
  rows?: readonly number[];
}

const rangeInterval = 250;
const scratch = new Float32Array(4096);

/** Heights in px below which names in the key are written small, and in two columns. */
const smallKeyHeight = 12;
const minKeyHeight = 9.5;

/** The rows of a feature map as lines over one scale, with gaps where there is no valid number. */
export class FeatureLines {
  readonly #time: TimeChart;
  #ring: Ring | undefined;
  #labels: readonly string[];
  readonly #unit: string;
  readonly #key: HTMLElement;
  readonly #columns: Columns = { x: [], y: [] };
  #rows: readonly number[] | undefined;
  #level: DisplayUnit;
  #range = new AutoRange(0, 1);
  #looked = -Infinity;

  constructor(element: HTMLElement, options: FeatureLinesOptions = {}) {
    const { labels = [], unit = '' } = options;
    this.#labels = labels;
    this.#unit = unit;
    this.#rows = options.rows;
    this.#level = displayUnit(unit, options.dB);
    this.#time = new TimeChart(element, options, {
      label: 'Feature maps as lines over time',
      options: (theme) => this.#plotOptions(theme),
      draw: (view) => this.#draw(view),
      resized: () => this.#relabel(),
    });
    this.#key = addElement(this.#time.chart.root, 'div', 'tapline-side tapline-margin');
  }

  /** Takes the next block. Throws a RangeError when it has not one channel for each label. */
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
    this.#time.view.advance(ring.newest);
  }

  /** Places of the maps that are drawn. */
  get #drawn(): readonly number[] {
    return this.#rows ?? this.#labels.map((_, row) => row);
  }

  /** Changes what is drawn, without losing what was pushed. */
  set(options: { rows?: readonly number[]; dB?: boolean; window?: number }): void {
    this.#rows = options.rows ?? this.#rows;
    if ('dB' in options) this.#level = displayUnit(this.#unit, options.dB);
    if (options.window !== undefined) this.#time.view.setWindow(options.window);
    this.#range = new AutoRange(0, 1);
    this.#looked = -Infinity;
    this.#time.chart.rebuild();
  }

  /** Reads the CSS variables again. */
  refresh(): void {
    this.#time.chart.rebuild();
  }

  destroy(): void {
    this.#time.destroy();
  }

  #plotOptions(theme: Theme): Pick<uPlot.Options, 'series' | 'axes' | 'scales'> {
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
              at === splits.length - 1 ? `${formatNumber(value)} ${showUnit(this.#level.unit)}` : formatNumber(value),
            ),
        },
      ],
    };
  }

  #bounds(): [number, number] {
    const [low, high] = this.#range.range ?? [0, 1];
    const room = 0.08 * (high - low);
    return [low - room, high + room];
  }

  #draw(view: { end: number; window: number; width: number }): uPlot.AlignedData {
    const { convert } = this.#level;
    if (!this.#ring) return [[], ...this.#drawn.map(() => [])];
    decimate(this.#time.visibleRing(this.#ring), view, this.#drawn, this.#columns);
    for (const y of this.#columns.y)
      for (let i = 0; i < y.length; i++) {
        const value = y[i];
        if (value !== null) y[i] = convert(value);
      }
    const due = !this.#time.view.paused && performance.now() - this.#looked > rangeInterval;
    if (due || this.#looked === -Infinity) this.#look();
    return [this.#columns.x, ...this.#columns.y];
  }

  #look(): void {
    this.#looked = performance.now();
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

  /** A label without the words that all drawn rows begin or end with. */
  #keyText(row: number): string {
    const drawn = this.#drawn.map((other) => this.#labels[other]);
    let rest = drawn;
    for (const word of [/^\S+\s+/, /\s+\S+$/])
      while (rest.length > 1 && rest.every((label) => sharesWord(word, label, rest[0])))
        rest = rest.map((label) => label.replace(word, ''));
    return rest[this.#drawn.indexOf(row)];
  }
}

function sharesWord(word: RegExp, label: string, other: string): boolean {
  const found = word.exec(label)?.[0];
  return found !== undefined && found === word.exec(other)?.[0];
}
