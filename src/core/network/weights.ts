import { fields, invalid, list } from '../check.ts';
import type { ParameterSpec } from '../layers/layer.ts';

/** A named array of numbers, row-major. */
export interface Tensor {
  readonly shape: number[];
  readonly data: Float32Array;
}

/** A network's weights by name: 'layers.0.weight' [out, tap, in/groups] in lag order, 'layers.0.bias' [out]. */
export type Weights = Record<string, Tensor>;

/** Weights as they may be given: numbers of any kind. */
export type WeightsLike = Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>;

/** Copies of what the engine holds for `parameters` (values, or gradients), by name and in lag order. */
export function weightsOf(parameters: readonly ParameterSpec[], held: readonly Float32Array[]): Weights {
  return Object.fromEntries(
    parameters.map(({ name, shape, packing }, i) => {
      const count = shape.reduce((product, size) => product * size, 1);
      return [name, { shape: [...shape], data: packing ? packing.unpack(held[i]) : held[i].slice(0, count) }];
    }),
  );
}

/** Throws unless `weights` has every parameter by name, in its shape, and nothing else. */
export function checkWeights(parameters: readonly ParameterSpec[], weights: WeightsLike): void {
  fields('weights', weights, 'an object of { shape, data }');
  for (const { name, shape } of parameters) checkShape(name, weights[name], shape);
  const names = parameters.map(({ name }) => name);
  for (const name of Object.keys(weights)) {
    if (!names.includes(name)) throw invalid('name of a weight', `one of ${names.join(', ')}`, name, TypeError);
  }
}

/** Throws unless `tensor` is of the right kind. */
export function checkTensor(name: string, tensor: WeightsLike[string]): void {
  const { shape, data } = fields(name, tensor, '{ shape, data }');
  if (!Array.isArray(shape)) throw invalid(`${name}.shape`, 'an array of sizes', shape, TypeError);
  list(`${name}.data`, data);
}

/** Throws unless `tensor` is there, has `shape`, and holds as many numbers as that says. */
export function checkShape(name: string, tensor: WeightsLike[string] | undefined, shape: readonly number[]): void {
  const wanted = `of shape [${shape.join(', ')}]`;
  if (!tensor) throw invalid(name, wanted, undefined, TypeError);
  checkTensor(name, tensor);
  if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
    throw invalid(name, wanted, tensor.shape);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (tensor.data.length !== count) throw invalid(`${name}.data.length`, `${count}`, tensor.data.length);
}
