import { fields, invalid, list } from '../check.ts';
import type { ParameterSpec } from '../layers/layer.ts';

/** A named array of numbers in row-major order. */
export interface Tensor {
  /** Sizes of the dimensions, such as [out, taps, in/groups]. */
  readonly shape: number[];
  /** Values in row-major order. The length is the product of `shape`. */
  readonly data: Float32Array;
}

/** A network's weights by name: 'layers.0.weight' [out, tap, in/groups] in lag order, 'layers.0.bias' [out]. */
export type Weights = Record<string, Tensor>;

/** Weights as arguments: the names and shapes of `Weights`, with values in any array type. */
export type WeightsLike = Record<
  string,
  {
    /** Sizes of the dimensions, such as [out, taps, in/groups]. */
    readonly shape: readonly number[];
    /** Values in row-major order. They are copied. */
    readonly data: ArrayLike<number>;
  }
>;

/** Converts values or gradients of `parameters` from the engine's layout to copies by name, in lag order. */
export function weightsOf(parameters: readonly ParameterSpec[], held: readonly Float32Array[]): Weights {
  return Object.fromEntries(
    parameters.map(({ name, shape, packing }, i) => {
      const count = shape.reduce((product, size) => product * size, 1);
      return [name, { shape: [...shape], data: packing ? packing.unpack(held[i]) : held[i].slice(0, count) }];
    }),
  );
}

/** Throws unless `weights` contains every parameter by name and shape, and nothing else. */
export function checkWeights(parameters: readonly ParameterSpec[], weights: WeightsLike): void {
  fields('weights', weights, 'an object of { shape, data }');
  for (const { name, shape } of parameters) checkShape(name, weights[name], shape);
  const names = parameters.map(({ name }) => name);
  for (const name of Object.keys(weights)) {
    if (!names.includes(name)) throw invalid('name of a weight', `one of ${names.join(', ')}`, name, TypeError);
  }
}

/** Throws unless `tensor` is an object with a `shape` and `data`. */
export function checkTensor(name: string, tensor: WeightsLike[string]): void {
  const { shape, data } = fields(name, tensor, '{ shape, data }');
  if (!Array.isArray(shape)) throw invalid(`${name}.shape`, 'an array of sizes', shape, TypeError);
  list(`${name}.data`, data);
}

/** Throws unless `tensor` exists, has the shape `shape`, and contains the corresponding number of values. */
export function checkShape(name: string, tensor: WeightsLike[string] | undefined, shape: readonly number[]): void {
  const expected = `of shape [${shape.join(', ')}]`;
  if (!tensor) throw invalid(name, expected, undefined, TypeError);
  checkTensor(name, tensor);
  if (tensor.shape.length !== shape.length || tensor.shape.some((size, axis) => size !== shape[axis])) {
    throw invalid(name, expected, tensor.shape);
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (tensor.data.length !== count) throw invalid(`${name}.data.length`, `${count}`, tensor.data.length);
}
