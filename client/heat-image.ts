import type { Ring } from './ring.ts';

/** Sampling intervals for which the color of a frame is held before an outage. */
const maxHold = 1.5;

/**
 * Feature maps as pixels: one column per device pixel of the time axis, and one row per map, the first row on top. Frames
 * in the same column are averaged; columns between two frames repeat the earlier one, unless there is an outage between them. Columns start at fixed times, so
 * that the image does not flicker as it scrolls. Missing and invalid values are transparent.
 */
export class HeatImage {
  readonly canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #pixels: ImageData | undefined;
  /** The pixels as one 32-bit word each. */
  #words: Uint32Array = new Uint32Array(0);

  constructor(document: Document) {
    this.canvas = document.createElement('canvas');
    const context = this.canvas.getContext('2d');
    if (!context) throw new Error('canvas must support a 2D context, got null');
    this.#context = context;
  }

  /** Paints `width` columns from `end - window` to `end` (ms). */
  paint(
    ring: Ring,
    view: { end: number; window: number; width: number },
    colors: Uint32Array,
    range: readonly [number, number],
    convert: (value: number) => number,
  ): void {
    const rows = ring.channels;
    const width = Math.max(1, Math.round(view.width));
    this.#resize(width, rows);
    const column = view.window / width;
    const right = Math.floor(view.end / column);
    const scale = 255 / (range[1] - range[0]);
    let index = Math.max(ring.first, ring.find((right - width + 1) * column) - 1);
    const { outage } = ring;
    const hold = maxHold * (ring.step > 0 ? ring.typicalStep : Math.max(1000, ring.typicalStep || 0));
    const left = (right - width + 1) * column;
    if (ring.times[ring.at(index)] < left && !isHeld(ring, index, left, outage, hold)) index++;
    let shown = -1;
    for (let x = 0; x < width; x++) {
      const until = (right - width + 2 + x) * column;
      const from = index;
      while (index < ring.next && ring.times[ring.at(index)] < until) index++;
      if (index > from) shown = this.#paintColumn(ring, from, index, x, colors, range[0], scale, convert);
      else if (shown >= 0 && isHeld(ring, index - 1, until - column, outage, hold))
        this.#copyColumn(shown, x, rows, width);
      else shown = -1;
    }
    if (this.#pixels) this.#context.putImageData(this.#pixels, 0, 0);
  }

  #paintColumn(
    ring: Ring,
    from: number,
    to: number,
    x: number,
    colors: Uint32Array,
    low: number,
    scale: number,
    convert: (value: number) => number,
  ): number {
    const rows = ring.channels;
    const width = this.canvas.width;
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      let count = 0;
      for (let index = from; index < to; index++) {
        const value = convert(ring.data[ring.at(index) * rows + row]);
        if (value - value !== 0) continue;
        sum += value;
        count++;
      }
      const color = count === 0 ? 0 : colors[Math.max(0, Math.min(255, Math.round((sum / count - low) * scale)))];
      this.#words[row * width + x] = color;
    }
    return x;
  }

  #copyColumn(from: number, to: number, rows: number, width: number): void {
    for (let row = 0; row < rows; row++) this.#words[row * width + to] = this.#words[row * width + from];
  }

  #resize(width: number, rows: number): void {
    if (!this.#pixels || this.canvas.width !== width || this.canvas.height !== rows) {
      this.canvas.width = width;
      this.canvas.height = rows;
      this.#pixels = this.#context.createImageData(width, rows);
      this.#words = new Uint32Array(this.#pixels.data.buffer);
    }
    this.#words.fill(0);
  }
}

/** Whether the color of frame `index` is still held at `time`: until the next frame, but only for `hold` ms before an outage. */
function isHeld(ring: Ring, index: number, time: number, outage: number, hold: number): boolean {
  if (index < ring.first) return false;
  const at = ring.at(index);
  if (index + 1 < ring.next && ring.times[at + 1] - ring.times[at] <= outage) return true;
  return time - ring.times[at] < hold;
}
