import type uPlot from 'uplot';

/** A time span in ms since 1970, and the labels of the channels in whose lanes it is shaded. */
export interface Span {
  /** Start, in ms since 1970. */
  readonly from: number;
  /** End, in ms since 1970. */
  readonly to: number;
  /** Labels of the channels in whose lanes the span is shaded. */
  readonly labels: readonly string[];
}

/** Minimum width of a span in canvas px, and its opacity. */
const minWidth = 6;
const shadeAlpha = 0.2;

/** Shades spans in the lanes of their channels. `end` is the time at the right edge, in ms since 1970. */
export function shadeSpans(
  plot: uPlot,
  spans: readonly Span[],
  lanes: readonly string[],
  end: number,
  color: string,
): void {
  const { ctx, bbox } = plot;
  const right = bbox.left + bbox.width;
  ctx.save();
  ctx.fillStyle = color;
  for (const { from, to, labels } of spans) {
    const middle = (place(plot, from - end) + place(plot, to - end)) / 2;
    const half = Math.max(minWidth, place(plot, to - end) - place(plot, from - end)) / 2;
    const left = Math.max(bbox.left, middle - half);
    const width = Math.min(right, middle + half) - left;
    if (width <= 0) continue;
    lanes.forEach((label, lane) => {
      if (!labels.includes(label)) return;
      const height = bbox.height / lanes.length;
      const top = bbox.top + lane * height;
      ctx.globalAlpha = shadeAlpha;
      ctx.fillRect(left, top, width, height);
      ctx.globalAlpha = 1;
      ctx.fillRect(left, top, width, 3);
    });
  }
  ctx.restore();
}

function place(plot: uPlot, ms: number): number {
  return plot.valToPos(ms / 1000, 'x', true);
}
