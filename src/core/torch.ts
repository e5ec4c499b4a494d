import { invalid } from './check.ts';
import { layersOf, type NetworkSpec } from './network-spec.ts';
import { checkShape, kernelShape, type Tensor, type Weights, type WeightsLike } from './weights.ts';

/**
 * PyTorch's state dict → Tapline's weights: `2.weight` [out, in/groups, taps], whose last tap meets the newest frame,
 * becomes `layers.2.weight` [out, taps, in/groups], whose tap 0 does. The number stays.
 *
 * @param spec when given, every weight must be that of one of its layers and have its shape
 */
export function fromTorch(weights: WeightsLike, spec?: NetworkSpec): Weights {
  const turned: Weights = {};
  for (const [name, tensor] of Object.entries(weights)) {
    const [, number, part] = /^(\d+)\.(weight|bias)$/.exec(name) ?? [];
    if (part === undefined) throw invalid('name of a weight', "'<number>.weight' or '<number>.bias'", name, TypeError);
    turned[`layers.${number}.${part}`] = part === 'weight' ? turn(name, tensor, false) : copy(tensor);
  }
  if (spec) checkFit(turned, spec);
  return turned;
}

/** Tapline's weights → PyTorch's state dict; the way back of `fromTorch`, exact. */
export function toTorch(weights: WeightsLike, spec?: NetworkSpec): Weights {
  if (spec) checkFit(weights, spec);
  const turned: Weights = {};
  for (const [name, tensor] of Object.entries(weights)) {
    const [, number, part] = /^layers\.(\d+)\.(weight|bias)$/.exec(name) ?? [];
    if (part === undefined) throw invalid('name of a weight', "'layers.<number>.weight' or '….bias'", name, TypeError);
    turned[`${number}.${part}`] = part === 'weight' ? turn(name, tensor, true) : copy(tensor);
  }
  return turned;
}

function checkFit(weights: WeightsLike, spec: NetworkSpec): void {
  const layers = layersOf(spec);
  for (const [name, tensor] of Object.entries(weights)) {
    const [, number, part] = name.split('.');
    const layer = layers[Number(number)];
    if (layer?.type !== 'conv1d') throw invalid('name of a weight', 'that of a conv1d layer of spec', name, TypeError);
    const shape = kernelShape(layer);
    checkShape(name, tensor, part === 'weight' ? shape : [shape[0]]);
  }
}

function copy({ shape, data }: WeightsLike[string]): Tensor {
  return { shape: [...shape], data: Float32Array.from(data) };
}

/** Swaps the last two axes and turns the taps round, whichever of the two the taps are. */
function turn(name: string, { shape, data }: WeightsLike[string], tapsFirst: boolean): Tensor {
  if (shape.length !== 3) throw invalid(`${name}.shape`, 'of length 3', shape);
  const [outputs, rows, columns] = shape;
  const count = outputs * rows * columns;
  if (data.length !== count) throw invalid(`${name}.data.length`, `${count}`, data.length);
  const turned = new Float32Array(count);
  for (let o = 0; o < outputs; o++) {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const column = tapsFirst ? rows - 1 - r : r;
        const row = tapsFirst ? c : columns - 1 - c;
        turned[(o * columns + row) * rows + column] = data[(o * rows + r) * columns + c];
      }
    }
  }
  return { shape: [outputs, columns, rows], data: turned };
}
