import { invalid } from './check.ts';
import type { Parameters } from './layer-stream.ts';
import type { Layer } from './network-spec.ts';

/** A named array of numbers, row-major. */
export interface Tensor {
  readonly shape: number[];
  readonly data: Float32Array;
}

/** A network's weights by name: 'layers.0.weight' [out, tap, in/groups] in lag order, 'layers.0.bias' [out]. */
export type Weights = Record<string, Tensor>;

/** A tensor as it may be given: numbers of any kind. */
export type WeightsLike = Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>;

/** Turns the tap axis of [out, tap, in] round: lag order ↔ the order in which a window lies in its delay line. */
export function reverseTaps(data: ArrayLike<number>, [outputs, taps, inputs]: readonly number[]): Float32Array {
  const turned = new Float32Array(data.length);
  for (let o = 0; o < outputs; o++) {
    for (let k = 0; k < taps; k++) {
      for (let c = 0; c < inputs; c++) {
        turned[(o * taps + (taps - 1 - k)) * inputs + c] = data[(o * taps + k) * inputs + c];
      }
    }
  }
  return turned;
}

/** [out, tap, in/groups] of a convolution. */
export function kernelShape(layer: Layer & { type: 'conv1d' }): [outputs: number, taps: number, inputs: number] {
  return [layer.outChannels, layer.windowing.kernelSize, layer.inChannels / layer.groups];
}

/** Copies of what the layers hold (weights, or gradients, packed), by name and in lag order. */
export function weightsOf(layers: readonly Layer[], packed: (index: number) => Parameters | null): Weights {
  const weights: Weights = {};
  for (const layer of layers) {
    const held = layer.type === 'conv1d' ? packed(layer.index) : null;
    if (layer.type !== 'conv1d' || !held) continue;
    const shape = kernelShape(layer);
    weights[`layers.${layer.index}.weight`] = { shape, data: reverseTaps(held.weight, shape) };
    if (held.bias) weights[`layers.${layer.index}.bias`] = { shape: [shape[0]], data: held.bias.slice() };
  }
  return weights;
}

/** Throws unless `tensor` is there, has `shape`, and holds as many numbers as that says. */
export function checkShape(name: string, tensor: WeightsLike[string] | undefined, shape: readonly number[]): void {
  const wanted = `of shape [${shape.join(', ')}]`;
  if (!tensor) throw invalid(name, wanted, undefined, TypeError);
  if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
    throw invalid(name, wanted, tensor.shape);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (tensor.data.length !== count) throw invalid(`${name}.data.length`, `${count}`, tensor.data.length);
}
