import type uPlot from 'uplot';
import type { Block } from '../src/core/blocks/block.ts';
import { invalid } from '../src/core/check.ts';
import { AutoRange } from './auto-range.ts';
import { HeatImage } from './heat-image.ts';
import { type DisplayUnit, displayUnit } from './decibel.ts';
import { MapLabels } from './map-labels.ts';
import { paletteColors, type PaletteName } from './palette.ts';
import { Ribbon, type RibbonEvent } from './ribbon.ts';
import type { Ring } from './ring.ts';
import type { Theme } from './theme.ts';
import { TimeChart, type TimeOptions } from './time-chart.ts';

/** Options of a FeatureMap. */
export interface FeatureMapOptions extends TimeOptions {
  /** Labels of the rows, the first row on top (default: 1, 2, 3, …). Labels that share words are grouped. */
  labels?: readonly string[];
  /** Color scale (default: 'viridis'). */
  palette?: PaletteName;
  /** 'auto' (default): the 2nd to the 98th percentile of the visible values; or the values of the lowest and highest color. */
  range?: 'auto' | readonly [low: number, high: number];
  /** Unit of the values; 'dB' and squared units can be converted by `dB`. */
  unit?: string;
  /** true: show dB; false: show power (default: unchanged). */
  dB?: boolean;
}

/** Events that are held while nothing is drawn, as in a hidden tab. */
const maxPendingEvents = 1000;

/** Interval between updates of the range, in ms. */
const rangeInterval = 250;
const scratch = new Float32Array(4096);

/**
 * Feature maps as a scrolling heatmap, with one row per map. Invalid frames (start-up, gaps) and values that are not finite
 * are blank, and are ignored by the automatic range.
 */
export class FeatureMap {
  readonly #time: TimeChart;
  #ring: Ring | undefined;
  readonly #image: HeatImage;
  readonly #labels: MapLabels;
  readonly #ribbon = new Ribbon();
  /** Events that are added at the next redraw; none are added while the view is paused. */
  #pendingEvents: RibbonEvent[] = [];
  readonly #unit: string;
  #names: readonly string[];
  #colors: Uint32Array = new Uint32Array(256);
  #auto: AutoRange | undefined;
  #fixed: readonly [number, number] | undefined;
  #display: DisplayUnit;
  #rangeTime = -Infinity;
  #drawn = false;
  #options: Pick<FeatureMapOptions, 'palette' | 'range' | 'dB'>;

  constructor(element: HTMLElement, options: FeatureMapOptions = {}) {
    const { labels = [], unit = '' } = options;
    this.#names = labels;
    this.#unit = unit;
    this.#image = new HeatImage(element.ownerDocument);
    this.#options = options;
    this.#display = displayUnit(unit, options.dB);
    this.#time = new TimeChart(element, options, {
      label: 'Heatmap of feature maps over time',
      options: (theme) => this.#plotOptions(theme),
      grid: false,
      draw: (view) => this.#draw(view.window),
      resized: () => this.#relabel(),
    });
    this.#labels = new MapLabels(this.#time.chart.root);
    this.#labels.setRows(labels);
    this.set(options);
  }

  /**
   * Adds a block.
   *
   * @throws RangeError if it does not have one channel per label.
   */
  push(block: Block): void {
    if (this.#names.length === 0) {
      this.#names = Array.from({ length: block.channels }, (_, row) => String(row + 1));
      this.#labels.setRows(this.#names);
      this.#relabel();
    }
    if (block.channels !== this.#names.length) throw invalid('block.channels', `${this.#names.length}`, block.channels);
    const ring = this.#time.ringFor(this.#ring, block);
    if (ring !== this.#ring) this.#time.track(ring);
    this.#ring = ring;
    ring.push(block);
    this.#time.pushed(ring.newest);
  }

  /** Adds labeled events to the ribbon under the map. The newest 2,000 are kept. */
  ribbon(events: readonly RibbonEvent[]): void {
    this.#pendingEvents = [...this.#pendingEvents, ...events].slice(-maxPendingEvents);
    if (!this.#time.view.paused) this.#time.chart.invalidate();
  }

  /** Changes options. Pushed data is kept. */
  set(options: Pick<FeatureMapOptions, 'palette' | 'range' | 'dB'> & { window?: number }): void {
    const { window, ...rest } = options;
    this.#options = { ...this.#options, ...rest };
    const { palette = 'viridis', range = 'auto', dB } = this.#options;
    this.#colors = paletteColors(palette);
    this.#display = displayUnit(this.#unit, dB);
    this.#fixed = range === 'auto' ? undefined : checkRange(range);
    this.#auto =
      range === 'auto' ? new AutoRange(0.02, 0.98, palette === 'red-blue' && this.#display.unit !== 'dB') : undefined;
    this.#rangeTime = -Infinity;
    this.#relabel();
    if (window !== undefined && window !== this.#time.view.window) this.#time.view.setWindow(window);
    else this.#time.chart.invalidate();
  }

  /** Redraws with the current CSS variables. */
  refresh(): void {
    this.#time.chart.rebuild();
  }

  /** Removes the heatmap from the page. */
  destroy(): void {
    this.#time.destroy();
  }

  #plotOptions(theme: Theme): Pick<uPlot.Options, 'series' | 'axes' | 'scales' | 'hooks'> {
    return {
      series: [{}],
      scales: { y: { range: [0, 1] } },
      axes: [
        {
          scale: 'y',
          size: theme.gutter,
          values: () => [],
          splits: () => [],
          grid: { show: false },
          ticks: { show: false },
        },
      ],
      hooks: { drawClear: [(plot) => this.#paint(plot)], setCursor: [(plot) => this.#updateTooltip(plot)] },
    };
  }

  #draw(window: number): uPlot.AlignedData {
    if ((!this.#time.view.paused || !this.#drawn) && this.#pendingEvents.length > 0) {
      if (this.#ribbon.add(this.#pendingEvents)) this.#relabel();
      this.#pendingEvents = [];
    }
    this.#drawn = this.#ring !== undefined;
    return [[-window / 1000, 0]];
  }

  #paint(plot: uPlot): void {
    const { view } = this.#time;
    const { theme } = this.#time.chart;
    const { left, top, width, height } = plot.bbox;
    const ratio = width / Math.max(1, this.#time.chart.width);
    const lane = theme.ribbon * ratio;
    const lanes = this.#ribbon.kinds.length;
    const mapHeight = height - (lanes > 0 ? lanes * lane + 4 * ratio : 0);
    const context = plot.ctx;
    context.save();
    context.fillStyle = theme.gap;
    context.fillRect(left, top, width, mapHeight);
    const span = { end: view.end, window: view.window * 1000, width };
    if (Number.isFinite(span.end)) this.#paintMap(context, span, { left, top, width, height: mapHeight });
    this.#labels.drawSeparators(context, { left, top, width, height: mapHeight }, theme.gap);
    const toX = (time: number): number => left + width * (1 + (time - span.end) / span.window);
    this.#ribbon.draw(context, { left, top: top + mapHeight + 4 * ratio, width, lane }, toX, theme.events, theme.gap);
    context.restore();
  }

  #paintMap(
    context: CanvasRenderingContext2D,
    span: { end: number; window: number; width: number },
    area: { left: number; top: number; width: number; height: number },
  ): void {
    if (!this.#ring) return;
    const ring = this.#time.visibleRing(this.#ring);
    const due = !this.#time.view.paused && performance.now() - this.#rangeTime > rangeInterval;
    if (due || this.#rangeTime === -Infinity) this.#updateRange(ring, span);
    const range = this.#fixed ?? this.#auto?.range;
    if (!range) return;
    this.#image.paint(ring, span, this.#colors, range, this.#display.convert);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.#image.canvas, area.left, area.top, area.width, area.height);
  }

  #updateRange(ring: Ring, span: { end: number; window: number }): void {
    this.#rangeTime = performance.now();
    const from = Math.max(ring.first, ring.find(span.end - span.window));
    const to = ring.find(span.end);
    const samples = (to - from) * ring.channels;
    const stride = Math.max(1, Math.ceil(samples / scratch.length));
    let count = 0;
    for (let i = 0; i < samples; i += stride) {
      const value = this.#display.convert(ring.data[ring.at(from) * ring.channels + i]);
      if (value - value === 0) scratch[count++] = value;
    }
    this.#auto?.update(scratch, count);
    const range = this.#fixed ?? this.#auto?.range;
    if (range) this.#labels.setColorBar(range, this.#display.unit, this.#colors);
  }

  #updateTooltip(plot: uPlot): void {
    const { left = -1, top = -1 } = plot.cursor;
    const row = Math.floor((top / Math.max(1, this.#mapHeight())) * this.#names.length);
    if (!this.#ring || left < 0 || top < 0 || row >= this.#names.length || plot.cursor.event?.target !== plot.over) {
      this.#labels.setTooltip(undefined, 0);
      return;
    }
    const ring = this.#time.visibleRing(this.#ring);
    const time = this.#time.view.end + plot.posToVal(left, 'x') * 1000;
    const index = ring.find(time) - 1;
    const value = index >= ring.first ? this.#display.convert(ring.data[ring.at(index) * ring.channels + row]) : NaN;
    this.#labels.setTooltip({ row, value, unit: this.#display.unit, time }, left / this.#time.chart.width);
  }

  #mapHeight(): number {
    const { chart } = this.#time;
    const lanes = this.#ribbon.kinds.length;
    return chart.height - (lanes > 0 ? lanes * chart.theme.ribbon + 4 : 0);
  }

  #relabel(): void {
    const { chart } = this.#time;
    if (chart.height === 0) return;
    const { events } = chart.theme;
    const kinds = this.#ribbon.kinds.map((label) => ({ label, color: events[this.#ribbon.color(label)] }));
    this.#labels.layOut(this.#mapHeight(), kinds);
    const canvas = chart.plot?.ctx.canvas;
    if (canvas) canvas.dataset.testid = 'heatmap';
    this.#rangeTime = -Infinity;
  }
}

function checkRange(range: readonly [number, number]): readonly [number, number] {
  if (!(range[0] < range[1])) throw invalid('range', "'auto' or [low, high] with low < high", range);
  return range;
}
