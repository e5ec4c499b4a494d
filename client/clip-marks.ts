import type uPlot from 'uplot';

/** A place where a line leaves its lane: x in s, and the edge of the lane as a value of the y scale. */
export interface ClipMark {
  readonly x: number;
  readonly y: number;
  /** Whether the line leaves upward. */
  readonly up: boolean;
}

/** Size of a mark in CSS px. */
const width = 4;
const height = 3;

/** Draws a short bar inside the edge of the lane at every place where a line leaves it. */
export function drawClipMarks(plot: uPlot, marks: readonly ClipMark[], color: string): void {
  const { ctx, bbox } = plot;
  const ratio = bbox.width / Math.max(1, plot.over.clientWidth);
  ctx.save();
  ctx.fillStyle = color;
  for (const { x, y, up } of marks) {
    const left = plot.valToPos(x, 'x', true) - (width / 2) * ratio;
    if (left < bbox.left - width * ratio || left > bbox.left + bbox.width) continue;
    const edge = plot.valToPos(y, 'y', true);
    ctx.fillRect(left, up ? edge : edge - height * ratio, width * ratio, height * ratio);
  }
  ctx.restore();
}
