import { store } from './fours';
import { at } from './vector';

export function write(x: i32, y: i32, count: i32): i32 {
  let from = at(x),
    to = at(y),
    odd = i32x4.splat(0);
  const whole = from + at(count & ~3),
    end = from + at(count);
  for (; from < whole; from += 16, to += 16) {
    const numbers = v128.load(from);
    odd = v128.or(odd, f32x4.sub(numbers, numbers));
    v128.store(to, numbers);
  }
  for (; from < end; from += 4, to += 4) {
    const number = v128.load32_zero(from);
    odd = v128.or(odd, f32x4.sub(number, number));
    v128.store32_lane(to, number, 0);
  }
  return v128.any_true(odd) ? 0 : 1;
}

/** Copies `count` numbers. `to` may be lower than `from` if the ranges overlap. */
@inline
export function copy(from: usize, to: usize, count: i32): void {
  for (; count >= 4; count -= 4, from += 16, to += 16) v128.store(to, v128.load(from));
  for (; count > 0; count--, from += 4, to += 4) f32.store(to, f32.load(from));
}

export function fill(y: i32, count: i32, number: f32): void {
  const numbers = f32x4.splat(number);
  let to = at(y);
  const whole = to + at(count & ~3),
    end = to + at(count);
  for (; to < whole; to += 16) v128.store(to, numbers);
  for (; to < end; to += 4) f32.store(to, number);
}

export function gather(x: i32, xStep: i32, frames: i32, taps: i32, tapStep: i32, width: i32, y: i32): void {
  let to = at(y);
  for (let n = 0; n < frames; n++) {
    let run = at(x + n * xStep);
    for (let k = 0; k < taps; k++) {
      for (let c = 0; c < width; c += 4) store(to + at(c), v128.load(run + at(c)), width - c);
      to += at(width);
      run += at(tapStep);
    }
  }
}

export function scatter(x: i32, taps: i32, tapStep: i32, width: i32, y: i32): void {
  let from = at(x),
    run = at(y);
  for (let k = 0; k < taps; k++) {
    for (let c = 0; c < width; c += 4) store(run + at(c), v128.load(from + at(c)), width - c);
    from += at(width);
    run += at(tapStep);
  }
}
