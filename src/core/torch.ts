import { invalid } from './check.ts';
import type { NetworkSpec } from './network-spec.ts';
import type { Tensor, Weights, WeightsLike } from './weights.ts';

/**
 * PyTorch's state dict → Tapline's weights: `2.weight` [out, in/groups, taps], whose last tap meets the newest frame,
 * becomes `layers.2.weight` [out, taps, in/groups], whose tap 0 does. The number stays.
 */
export function fromTorch(weights: WeightsLike, _spec?: NetworkSpec): Weights {
  return turn(
    weights,
    /^(\d+)\.(weight|bias)$/,
    "'<number>.weight' or '<number>.bias'",
    (number, part) => `layers.${number}.${part}`,
    false,
  );
}

/** Tapline's weights → PyTorch's state dict; the way back of `fromTorch`, exact. */
export function toTorch(weights: WeightsLike, _spec?: NetworkSpec): Weights {
  return turn(
    weights,
    /^layers\.(\d+)\.(weight|bias)$/,
    "'layers.<number>.weight' or '….bias'",
    (number, part) => `${number}.${part}`,
    true,
  );
}

function turn(
  weights: WeightsLike,
  pattern: RegExp,
  rule: string,
  rename: (number: string, part: string) => string,
  toTorchOrder: boolean,
): Weights {
  const turned: Weights = {};
  for (const [name, tensor] of Object.entries(weights)) {
    const [, number, part] = pattern.exec(name) ?? [];
    if (part === undefined) throw invalid('name of a weight', rule, name, TypeError);
    turned[rename(number, part)] = part === 'weight' ? turnKernel(name, tensor, toTorchOrder) : copy(tensor);
  }
  return turned;
}

function copy({ shape, data }: WeightsLike[string]): Tensor {
  return { shape: [...shape], data: Float32Array.from(data) };
}

/** Swaps the last two axes and turns the taps round. */
function turnKernel(name: string, { shape, data }: WeightsLike[string], toTorchOrder: boolean): Tensor {
  if (shape.length !== 3) throw invalid(`${name}.shape`, 'of length 3', shape);
  const [outputs, rows, columns] = shape;
  if (data.length !== outputs * rows * columns)
    throw invalid(`${name}.data.length`, `${outputs * rows * columns}`, data.length);
  const turned = new Float32Array(data.length);
  for (let o = 0; o < outputs; o++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const column = toTorchOrder ? rows - 1 - r : r;
        const row = toTorchOrder ? c : columns - 1 - c;
        turned[(o * columns + row) * rows + column] = data[(o * rows + r) * columns + c];
      }
    }
  }
  return { shape: [outputs, columns, rows], data: turned };
}
