import { store } from './fours';
import { at, first } from './vector';

export function avgPool(x: i32, xStep: i32, frames: i32, taps: i32, channels: i32, y: i32): void {
  const row = at(channels), count = f32x4.splat(<f32>taps);
  for (let n = 0; n < frames; n++) {
    for (let c = 0; c < channels; c += 4) {
      let s0 = f32x4.splat(0), s1 = f32x4.splat(0), s2 = f32x4.splat(0), s3 = f32x4.splat(0);
      let q = at(x + n * xStep + c), k = 0;
      for (; k + 4 <= taps; k += 4) {
        s0 = f32x4.add(s0, v128.load(q));
        s1 = f32x4.add(s1, v128.load(q + row));
        s2 = f32x4.add(s2, v128.load(q + 2 * row));
        s3 = f32x4.add(s3, v128.load(q + 3 * row));
        q += 4 * row;
      }
      if (k < taps) s0 = f32x4.add(s0, v128.load(q));
      if (k + 1 < taps) s1 = f32x4.add(s1, v128.load(q + row));
      if (k + 2 < taps) s2 = f32x4.add(s2, v128.load(q + 2 * row));
      const sum = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
      store(at(y + n * channels + c), f32x4.div(sum, count), channels - c);
    }
  }
}

export function avgPoolGradient(g: i32, frames: i32, taps: i32, channels: i32, dx: i32, dxStep: i32): void {
  const count = f32x4.splat(<f32>taps);
  for (let n = 0; n < frames; n++) {
    for (let c = 0; c < channels; c += 4) {
      const share = f32x4.div(v128.load(at(g + n * channels + c)), count);
      let to = at(dx + n * dxStep + c);
      for (let k = 0; k < taps; k++) {
        store(to, f32x4.add(v128.load(to), share), channels - c);
        to += at(channels);
      }
    }
  }
}

/** Returns which lanes of `sample` are larger than `best`. NaN counts as larger than every number. */
@inline
function wins(sample: v128, best: v128): v128 {
  const odd = v128.andnot(f32x4.ne(sample, sample), f32x4.ne(best, best));
  return v128.or(f32x4.gt(sample, best), odd);
}

export function maxPool(x: i32, xStep: i32, frames: i32, taps: i32, channels: i32, y: i32): void {
  for (let n = 0; n < frames; n++) {
    for (let c = 0; c < channels; c += 4) {
      let q = at(x + n * xStep + c), best = v128.load(q);
      for (let k = 1; k < taps; k++) {
        q += at(channels);
        const sample = v128.load(q);
        best = v128.bitselect(sample, best, wins(sample, best));
      }
      store(at(y + n * channels + c), best, channels - c);
    }
  }
}

export function maxPoolGradient(
  x: i32, xStep: i32, g: i32, frames: i32, taps: i32, channels: i32, dx: i32, dxStep: i32,
): void {
  for (let n = 0; n < frames; n++) {
    for (let c = 0; c < channels; c += 4) {
      let q = at(x + n * xStep + c), best = v128.load(q), winner = i32x4.splat(0);
      for (let k = 1; k < taps; k++) {
        q += at(channels);
        const sample = v128.load(q), won = wins(sample, best);
        best = v128.bitselect(sample, best, won);
        winner = v128.bitselect(i32x4.splat(k), winner, won);
      }
      const from = at(g + n * channels + c), to = at(dx + n * dxStep + c), left = channels - c;
      give(to, i32x4.extract_lane(winner, 0), channels, from, 0, left);
      give(to, i32x4.extract_lane(winner, 1), channels, from, 1, left);
      give(to, i32x4.extract_lane(winner, 2), channels, from, 2, left);
      give(to, i32x4.extract_lane(winner, 3), channels, from, 3, left);
    }
  }
}

@inline
function give(dx: usize, tap: i32, channels: i32, g: usize, lane: i32, left: i32): void {
  if (lane >= left) return;
  const to = dx + at(tap * channels + lane);
  f32.store(to, f32.load(to) + f32.load(g + at(lane)));
}
