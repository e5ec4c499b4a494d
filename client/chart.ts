// locale-guard must be imported before uPlot.
import { restoreLanguage } from './locale-guard.ts';
import uPlot from 'uplot';
import { adoptStyle } from './style-sheet.ts';
import { onColorScheme, readTheme, type Theme } from './theme.ts';

restoreLanguage();

/** The content of a chart: its options, its data, and its description. */
export interface Drawing {
  /** uPlot's options except for the size; called at every `rebuild`. */
  options: () => Omit<uPlot.Options, 'width' | 'height'>;
  /** Returns the data to draw; called on an animation frame after `invalidate`. */
  draw: () => uPlot.AlignedData;
  /** Whether the ticks move with the data, so that every redraw places them anew. */
  movingAxis?: boolean;
  /** Called after a change of the size or the theme. */
  resized?: () => void;
  /** Description of the chart for screen readers. */
  label: string;
}

/**
 * A uPlot chart that fills an element. It is sized by a ResizeObserver and colored by CSS variables, and is redrawn only
 * after `invalidate`, on an animation frame that all charts share.
 */
export class Chart {
  readonly root: HTMLDivElement;
  readonly #drawing: Drawing;
  readonly #sizes: ResizeObserver;
  readonly #unsubscribe: () => void;
  #theme: Theme;
  #plot: uPlot | undefined;

  constructor(element: HTMLElement, drawing: Drawing) {
    this.#drawing = drawing;
    this.root = element.ownerDocument.createElement('div');
    this.root.className = 'tapline';
    this.root.setAttribute('role', 'img');
    this.root.setAttribute('aria-label', drawing.label);
    element.append(this.root);
    adoptStyle(this.root);
    this.#theme = readTheme(this.root);
    this.#sizes = new ResizeObserver(() => this.#resize());
    this.#sizes.observe(this.root);
    this.#unsubscribe = onColorScheme(() => this.rebuild());
  }

  get theme(): Theme {
    return this.#theme;
  }

  /** The uPlot instance; undefined while the element has no size. */
  get plot(): uPlot | undefined {
    return this.#plot;
  }

  /** Width of the plotting area in CSS px. */
  get width(): number {
    return this.#plot ? this.#plot.bbox.width / uPlot.pxRatio : 0;
  }

  /** Height of the plotting area in CSS px. */
  get height(): number {
    return this.#plot ? this.#plot.bbox.height / uPlot.pxRatio : 0;
  }

  /** Requests a redraw on the next animation frame. */
  readonly invalidate = (): void => requestDraw(this.#paint);

  /** Creates the plot again from `options()` and the current CSS variables. */
  rebuild(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#resize();
  }

  /** Removes the chart and releases its observers. */
  destroy(): void {
    cancelDraw(this.#paint);
    this.#sizes.disconnect();
    this.#unsubscribe();
    this.#plot?.destroy();
    this.#plot = undefined;
    this.root.remove();
  }

  readonly #paint = (): void => {
    this.#plot?.setData(this.#drawing.draw());
    if (this.#drawing.movingAxis) this.#plot?.redraw(false, true);
  };

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.root;
    if (width < 8 || height < 8) return;
    if (this.#plot && sameLayout(this.#theme, readTheme(this.root))) this.#plot.setSize({ width, height });
    else this.#plot = this.#build(width, height);
    this.#drawing.resized?.();
    this.invalidate();
  }

  #build(width: number, height: number): uPlot {
    this.#plot?.destroy();
    adoptStyle(this.root);
    this.#theme = readTheme(this.root);
    const options = this.#drawing.options();
    const empty = options.series.map((): number[] => []) as [number[], ...number[][]];
    return new uPlot({ ...options, width, height }, empty, this.root);
  }
}

/** Whether two themes have the same layout: column widths, axis height, and font. */
function sameLayout(a: Theme, b: Theme): boolean {
  return a.gutter === b.gutter && a.margin === b.margin && a.axis === b.axis && a.font === b.font;
}

const pendingDraws = new Set<() => void>();
let frameRequest = 0;

/**
 * Calls `draw` once on the next animation frame, no matter how often it is requested. All charts share one frame. A hidden
 * tab has no frames; it holds one pending call per chart.
 */
function requestDraw(draw: () => void): void {
  pendingDraws.add(draw);
  if (frameRequest === 0) frameRequest = requestAnimationFrame(runDraws);
}

/** Cancels a requested draw, and the animation frame if no other draw is pending. */
function cancelDraw(draw: () => void): void {
  pendingDraws.delete(draw);
  if (pendingDraws.size > 0 || frameRequest === 0) return;
  cancelAnimationFrame(frameRequest);
  frameRequest = 0;
}

function runDraws(): void {
  frameRequest = 0;
  const draws = [...pendingDraws];
  pendingDraws.clear();
  for (const draw of draws) {
    try {
      draw();
    } catch (error) {
      reportError(error);
    }
  }
}
