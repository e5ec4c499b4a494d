import type { Engine } from './engine.ts';
import { setValid, type Rows } from './rows.ts';

/** Number of values from which copying a block at once and checking it afterward is faster than a loop. */
const bulkCopyThreshold = 32;

/**
 * Brings `count` frames of `x`, [count, channels], into an engine's memory, with room for `room` numbers from the first on. A frame that is not all numbers is not valid, and its odd
 * samples become NaN.
 */
export function readRows(
  engine: Engine,
  x: ArrayLike<number>,
  count: number,
  channels: number,
  valid?: ArrayLike<number>,
  room = 0,
): Rows {
  const numbers = count * channels;
  const { scratch } = engine;
  const rows = scratch.view(scratch.allocate(Math.max(numbers, room)), count, channels);
  const { f32 } = engine.arena;
  const { at } = rows;
  let sound: boolean;
  if (numbers >= bulkCopyThreshold) {
    f32.set(x, at);
    sound = engine.kernels.write(at, at, numbers) === 1;
  } else {
    let odd = 0;
    for (let i = 0; i < numbers; i++) {
      const sample = Math.fround(x[i]);
      odd += sample - sample;
      f32[at + i] = sample;
    }
    sound = odd === 0;
  }
  if (!sound) invalidateNonFinite(f32, rows);
  if (valid) for (let i = 0; i < count; i++) if (!valid[i]) setValid(rows, i, 0);
  return rows;
}

/** Brings `count` rows of gradients into an engine's memory; one that is no number counts as 0. */
export function readGradients(engine: Engine, g: ArrayLike<number>, count: number, channels: number): Rows {
  const rows = readRows(engine, g, count, channels);
  if (rows.allValid) return rows;
  const { f32 } = engine.arena;
  for (let i = rows.at; i < rows.at + count * channels; i++) if (Number.isNaN(f32[i])) f32[i] = 0;
  rows.allValid = true;
  return rows;
}

function invalidateNonFinite(f32: Float32Array, rows: Rows): void {
  const { at, count, channels } = rows;
  for (let i = 0; i < count * channels; i++) {
    if (Number.isFinite(f32[at + i])) continue;
    f32[at + i] = NaN;
    setValid(rows, Math.floor(i / channels), 0);
  }
}
