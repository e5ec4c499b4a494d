import uPlot from 'uplot';
import { restoreLanguage } from './locale-guard.ts';
import { adoptStyle } from './style-sheet.ts';
import { onColorScheme, readTheme, type Theme } from './theme.ts';

restoreLanguage();

/** What a piece gives its chart: how it looks, and what to draw when a frame comes. */
export interface Drawing {
  /** uPlot's options but for its size, made anew at every `rebuild`. */
  options: () => Omit<uPlot.Options, 'width' | 'height'>;
  /** The data to draw; called on an animation frame, after something changed. */
  draw: () => uPlot.AlignedData;
  /** Called after the size or the theme changed. */
  resized?: () => void;
  /** What the picture shows, for those who cannot see it. */
  label: string;
}

/**
 * One uPlot in an element that it fills: sized by a ResizeObserver, coloured by CSS variables, drawn on the animation
 * frame that all charts share, and only when something changed.
 */
export class Chart {
  readonly root: HTMLDivElement;
  readonly #drawing: Drawing;
  readonly #sizes: ResizeObserver;
  readonly #endColors: () => void;
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
    this.#endColors = onColorScheme(() => this.rebuild());
  }

  get theme(): Theme {
    return this.#theme;
  }

  /** The plot, once the element has a size. */
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

  /** Draws on the next animation frame. */
  readonly invalidate = (): void => requestDraw(this.#paint);

  /** Makes the plot anew, from `options()` and the CSS variables as they are now. */
  rebuild(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#resize();
  }

  destroy(): void {
    cancelDraw(this.#paint);
    this.#sizes.disconnect();
    this.#endColors();
    this.#plot?.destroy();
    this.#plot = undefined;
    this.root.remove();
  }

  readonly #paint = (): void => {
    this.#plot?.setData(this.#drawing.draw());
  };

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.root;
    if (width < 8 || height < 8) return;
    if (this.#plot && sameSizes(this.#theme, readTheme(this.root))) this.#plot.setSize({ width, height });
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

/** Whether a plot made with one theme has its room where the other wants it. */
function sameSizes(a: Theme, b: Theme): boolean {
  return a.gutter === b.gutter && a.margin === b.margin && a.axis === b.axis && a.font === b.font;
}

const pendingDraws = new Set<() => void>();
let frameRequest = 0;

/**
 * Calls `draw` once on the next animation frame, however often it is asked before: one frame draws all charts, and a
 * hidden tab, which has no frames, holds one call a chart and nothing more.
 */
export function requestDraw(draw: () => void): void {
  pendingDraws.add(draw);
  if (frameRequest === 0) frameRequest = requestAnimationFrame(runDraws);
}

/** Takes back what `requestDraw` asked; the last one leaves no frame asked for. */
export function cancelDraw(draw: () => void): void {
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
