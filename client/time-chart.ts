import type uPlot from 'uplot';
import type { Block } from '../src/core/blocks/block.ts';
import { Chart } from './chart.ts';
import { formatAgo, timeSteps } from './format-time.ts';
import { Ring } from './ring.ts';
import type { Theme } from './theme.ts';
import { TimeView } from './time-view.ts';

/** Frames that are kept of an irregular stream. */
const irregularCapacity = 8192;

/** Up to so many frames each is seen for itself. */
const maxFramesWithPoints = 40;

/** Options that every piece with a time axis takes. */
export interface TimeOptions {
  /** How much is shown, in s; 10 when nothing is said. Ignored with a `view` of your own. */
  window?: number;
  /** How much is kept, in s, so that the window can be widened later; the window when nothing is said. */
  history?: number;
  /** Frames a second to make room for, in Hz: for irregular streams only, of which 8192 frames are kept where it is not said. */
  rate?: number;
  /** Pieces given one view show the same stretch of time, and pause together. */
  view?: TimeView;
  /** Pieces of one key share their cursor. */
  sync?: string;
}

/** What a piece draws over the shared time axis. */
export interface TimeDrawing {
  label: string;
  /** The plot without what all time charts have in common. */
  options: (theme: Theme) => Pick<uPlot.Options, 'series' | 'axes' | 'scales' | 'hooks'>;
  /** Whether lines rise from the time axis. */
  grid?: boolean;
  draw: (view: { end: number; window: number; width: number }) => uPlot.AlignedData;
  resized?: () => void;
}

/** A chart whose x axis is seconds before the newest frame, the same in every piece of one `TimeView`. */
export class TimeChart {
  readonly chart: Chart;
  readonly view: TimeView;
  readonly #unsubscribe: () => void;
  readonly #frozen = new Map<Ring, Ring>();
  #rings: readonly Ring[] = [];
  readonly #history: number;
  readonly #rate: number;
  #paused = false;

  constructor(element: HTMLElement, options: TimeOptions, drawing: TimeDrawing) {
    this.#history = options.history ?? 0;
    this.#rate = options.rate ?? 0;
    this.view = options.view ?? new TimeView(options.window);
    this.chart = new Chart(element, {
      label: drawing.label,
      options: () => this.#options(drawing, options.sync),
      draw: () => drawing.draw({ end: this.view.end, window: this.view.window * 1000, width: this.chart.width }),
      ...(drawing.resized && { resized: drawing.resized }),
    });
    this.#unsubscribe = this.view.onChange(() => this.#changed());
  }

  /** Says which rings hold what is shown, so that a pause can keep them as they are. */
  track(...rings: Ring[]): void {
    this.#rings = rings;
    this.#frozen.clear();
  }

  /**
   * The ring for the next block: `ring`, where it is large enough for what can be shown. Call it before every push: what
   * a paused view shows is kept before the first block that is newer.
   */
  ringFor(ring: Ring | undefined, block: Block): Ring {
    if (ring && this.view.paused && block.time > this.view.end) this.#freeze(ring);
    const rate = block.rate > 0 ? block.rate : this.#rate;
    const span = Math.max(this.#history, this.view.window) + 2;
    const capacity = rate > 0 ? Math.ceil(rate * span) : irregularCapacity;
    if (!ring) return new Ring(block.channels, capacity);
    return ring.capacity < capacity ? ring.copy(capacity) : ring;
  }

  /** `ring`, or what it held when the view was paused. */
  visibleRing(ring: Ring): Ring {
    return this.#frozen.get(ring) ?? ring;
  }

  destroy(): void {
    this.#unsubscribe();
    this.#frozen.clear();
    this.chart.destroy();
  }

  #changed(): void {
    if (!this.view.paused) this.#frozen.clear();
    else for (const ring of this.#rings) this.#freeze(ring);
    if (this.view.paused !== this.#paused) this.chart.plot?.redraw(true, true);
    this.#paused = this.view.paused;
    this.chart.invalidate();
  }

  #freeze(ring: Ring): void {
    if (!this.#frozen.has(ring)) this.#frozen.set(ring, ring.copy());
  }

  #options(drawing: TimeDrawing, sync: string | undefined): Omit<uPlot.Options, 'width' | 'height'> {
    const { theme } = this.chart;
    const piece = drawing.options(theme);
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
      series: piece.series,
      scales: { x: { time: false, range: () => [-this.view.window, 0] }, ...piece.scales },
      axes: [timeAxis(theme, this.view, drawing.grid ?? true), ...(piece.axes ?? [])],
      ...(piece.hooks && { hooks: piece.hooks }),
    };
  }
}

/** Frames are drawn as dots too while they are few. */
export const pointsWhenFew: uPlot.Series.Points = { show: (plot) => plot.data[0].length <= maxFramesWithPoints, size: 4, width: 0 };

function timeAxis(theme: Theme, view: TimeView, grid: boolean): uPlot.Axis {
  return {
    scale: 'x',
    size: theme.axis,
    gap: 5,
    font: theme.font,
    stroke: theme.muted,
    space: 56,
    incrs: timeSteps,
    grid: { show: grid, stroke: theme.line, width: 1 },
    ticks: { stroke: theme.line, width: 1, size: 4 },
    values: (_, splits) => splits.map((s) => (s === 0 ? (view.paused ? 'paused' : 'now') : formatAgo(-s, view.window))),
  };
}
