import { activate as forward, activateBack as backward } from './activations';
import { softmax as normalize, softmaxBack as normalizeBack } from './softmax';
import { at } from './vector';

export function activate(kind: i32, x: i32, y: i32, count: i32, alpha: f32): void {
  forward(kind, at(x), at(y), count, alpha);
}

export function activateGradient(kind: i32, x: i32, g: i32, dx: i32, count: i32, alpha: f32): void {
  backward(kind, at(x), at(g), at(dx), count, alpha);
}

export function softmax(x: i32, y: i32, rows: i32, channels: i32): void {
  normalize(at(x), at(y), rows, channels);
}

export function softmaxGradient(x: i32, g: i32, dx: i32, rows: i32, channels: i32): void {
  normalizeBack(at(x), at(g), at(dx), rows, channels);
}
