import type uPlot from 'uplot';
import type { Block } from '../src/core/blocks/block.ts';
import { Chart } from './chart.ts';
import { clockTicks } from './clock-axis.ts';
import { Ring } from './ring.ts';
import type { Theme } from './theme.ts';
import { TimeView } from './time-view.ts';
import { Veil } from './veil.ts';

/** Capacity in frames for irregular streams. */
const irregularCapacity = 8192;

/** Largest number of frames that are also drawn as points. */
const maxFramesWithPoints = 40;

/** Options of all components with a time axis. */
export interface TimeOptions {
  /** Length of the time window in s (default: 10). Ignored if `view` is set. */
  window?: number;
  /** How much data is kept, in s, so that the window can be widened later (default: the window). */
  history?: number;
  /** Expected rate of irregular streams in Hz, for the size of the buffer (default: a buffer of 8,192 frames). */
  rate?: number;
  /** Components with the same view show the same time span, and pause together. */
  view?: TimeView;
  /** Components with the same key share their cursor. */
  sync?: string;
}

/** The content that a component draws on the shared time axis. */
export interface TimeDrawing {
  /** Description of the chart for screen readers. */
  label: string;
  /** The plot options that are specific to the component. */
  options: (theme: Theme) => Pick<uPlot.Options, 'series' | 'axes' | 'scales' | 'hooks'>;
  /** Whether to draw vertical grid lines (default: true). */
  grid?: boolean;
  draw: (view: { end: number; window: number; width: number }) => uPlot.AlignedData;
  resized?: () => void;
}

/** A chart whose x axis is the time of day, shared by all components of one `TimeView`. */
export class TimeChart {
  readonly chart: Chart;
  readonly view: TimeView;
  readonly #unsubscribe: () => void;
  readonly #veil: Veil;
  readonly #frozen = new Map<Ring, Ring>();
  #rings: readonly Ring[] = [];
  readonly #history: number;
  readonly #rate: number;

  constructor(element: HTMLElement, options: TimeOptions, drawing: TimeDrawing) {
    this.#history = options.history ?? 0;
    this.#rate = options.rate ?? 0;
    this.view = options.view ?? new TimeView(options.window);
    this.chart = new Chart(element, {
      label: drawing.label,
      movingAxis: true,
      options: () => this.#options(drawing, options.sync),
      draw: () => drawing.draw({ end: this.view.end, window: this.view.window * 1000, width: this.chart.width }),
      ...(drawing.resized && { resized: drawing.resized }),
    });
    this.#veil = new Veil(this.chart.root, this.view);
    this.#unsubscribe = this.view.onChange(() => this.#changed());
  }

  /** Sets the rings that are drawn, so that they are copied when the view is paused. */
  track(...rings: Ring[]): void {
    this.#rings = rings;
    this.#frozen.clear();
  }

  /**
   * Returns the ring for the next block: `ring` if it is large enough, else a larger copy. Call this before every push, so
   * that a paused view keeps its data before the first newer block is added.
   */
  ringFor(ring: Ring | undefined, block: Block): Ring {
    if (ring && this.view.paused && block.time > this.view.end) this.#freeze(ring);
    const rate = block.rate > 0 ? block.rate : this.#rate;
    const span = Math.max(this.#history, this.view.window) + 2;
    const capacity = rate > 0 ? Math.ceil(rate * span) : irregularCapacity;
    if (!ring) return new Ring(block.channels, capacity);
    return ring.capacity < capacity ? ring.copy(capacity) : ring;
  }

  /** Returns `ring`, or its copy from the time of the pause. */
  visibleRing(ring: Ring): Ring {
    return this.#frozen.get(ring) ?? ring;
  }

  /** Redraws after a push whose newest frame has this time, whether or not it moves the end of the view. */
  pushed(newest: number): void {
    this.view.advance(newest);
    if (!this.view.paused) this.chart.invalidate();
  }

  destroy(): void {
    this.#unsubscribe();
    this.#frozen.clear();
    this.chart.destroy();
  }

  #changed(): void {
    if (!this.view.paused) this.#frozen.clear();
    else for (const ring of this.#rings) this.#freeze(ring);
    this.#veil.update();
    this.chart.invalidate();
  }

  #freeze(ring: Ring): void {
    if (!this.#frozen.has(ring)) this.#frozen.set(ring, ring.copy());
  }

  #options(drawing: TimeDrawing, sync: string | undefined): Omit<uPlot.Options, 'width' | 'height'> {
    const { theme } = this.chart;
    const specific = drawing.options(theme);
    return {
      legend: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: false, y: false, setScale: false },
        ...(sync && { sync: { key: sync, setSeries: false } }),
      },
      padding: [6, theme.margin, 0, 0],
      series: specific.series,
      scales: { x: { time: false, range: () => [-this.view.window, 0] }, ...specific.scales },
      axes: [timeAxis(theme, this.view, drawing.grid ?? true), ...(specific.axes ?? [])],
      ...(specific.hooks && { hooks: specific.hooks }),
    };
  }
}

/** Series option that also draws frames as points while they are few. */
export const pointsWhenFew: uPlot.Series.Points = {
  show: (plot) => plot.data[0].length <= maxFramesWithPoints,
  size: 4,
  width: 0,
};

function timeAxis(theme: Theme, view: TimeView, grid: boolean): uPlot.Axis {
  return {
    scale: 'x',
    size: theme.axis,
    gap: 5,
    font: theme.font,
    stroke: theme.muted,
    space: 68,
    ...clockTicks(
      () => view.end,
      () => (view.paused ? 'paused' : view.fresh ? 'now' : ''),
    ),
    grid: { show: grid, stroke: theme.line, width: 1 },
    ticks: { stroke: theme.line, width: 1, size: 4 },
  };
}
