import { exp } from './elementary.ts';

/**
 * One frame: e^(x - max), rounded to float32, divided by their sum in double precision, with even and odd channels
 * summed separately.
 */
function frame(memory: Float32Array, x: number, y: number, channels: number): void {
  let largest = -Infinity;
  for (let c = 0; c < channels; c++) largest = Math.max(largest, memory[x + c]);
  let even = 0;
  let odd = 0;
  for (let c = 0; c < channels; c++) {
    const e = exp(memory[x + c] - largest);
    if (c & 1) odd += e;
    else even += e;
    memory[y + c] = e;
  }
  const share = 1 / (even + odd);
  for (let c = 0; c < channels; c++) memory[y + c] *= share;
}

/** y[c] = e^x[c] / Σ e^x, [frames, channels]. y may be x. NaN or Infinity makes its frame NaN. */
export function softmax(memory: Float32Array, x: number, y: number, frames: number, channels: number): void {
  for (let n = 0; n < frames; n++) frame(memory, x + n * channels, y + n * channels, channels);
}

/** ∂L/∂x[c] = y[c] (g[c] - Σ g y), 0 if every g of a frame is 0 or the sum is not finite. dx may be x, but not g. */
export function softmaxBack(
  memory: Float32Array,
  x: number,
  g: number,
  dx: number,
  frames: number,
  channels: number,
): void {
  for (let n = 0; n < frames; n++) {
    const from = g + n * channels;
    const at = dx + n * channels;
    frame(memory, x + n * channels, at, channels);
    let even = 0;
    let odd = 0;
    let blocked = true;
    for (let c = 0; c < channels; c++) {
      const product = memory[from + c] * memory[at + c];
      if (c & 1) odd += product;
      else even += product;
      blocked &&= memory[from + c] === 0;
    }
    const mean = even + odd;
    blocked ||= mean - mean !== 0;
    for (let c = 0; c < channels; c++) memory[at + c] = blocked ? 0 : memory[at + c] * (memory[from + c] - mean);
  }
}
