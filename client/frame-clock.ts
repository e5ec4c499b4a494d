const waiting = new Set<() => void>();
let pending = 0;

/**
 * Calls `draw` once on the next animation frame, however often it is asked before: one frame draws all charts, and a
 * hidden tab, which has no frames, holds one call a chart and nothing more.
 */
export function requestDraw(draw: () => void): void {
  waiting.add(draw);
  if (pending === 0) pending = requestAnimationFrame(run);
}

/** Takes back what `requestDraw` asked; the last one leaves no frame asked for. */
export function cancelDraw(draw: () => void): void {
  waiting.delete(draw);
  if (waiting.size > 0 || pending === 0) return;
  cancelAnimationFrame(pending);
  pending = 0;
}

function run(): void {
  pending = 0;
  const draws = [...waiting];
  waiting.clear();
  for (const draw of draws) {
    try {
      draw();
    } catch (error) {
      reportError(error);
    }
  }
}
