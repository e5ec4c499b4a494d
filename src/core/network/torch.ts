import { fields, invalid } from '../check.ts';
import type { LayerSpec } from '../layers/layer-spec.ts';
import { LayerStack } from '../layers/layer-stack.ts';
import { jsonIn } from '../state/safetensors.ts';
import { layersOf, type NetworkSpec } from './network-spec.ts';
import { checkShape, checkTensor, type Tensor, type Weights, type WeightsLike } from './weights.ts';

/** The default `eps` of PyTorch's batch norm, which is added to the running variance before the square root. */
const EPSILON = 1e-5;

/**
 * Converts a PyTorch state dict to Tapline's weights. `2.weight` becomes `layers.2.weight`. The layer number does not
 * change, nor do the names within a residual or a concat. The order of the data changes:
 *
 *     Conv1d            [out, in/groups, taps], last tap newest → [out, taps, in/groups], tap 0 newest
 *     Linear            [out, in] → [out, 1, in]
 *     ConvTranspose1d   [in, out/groups, taps] → [out, taps, in/groups], order of taps unchanged
 *     BatchNorm1d       weight, bias, and running statistics → weight and bias of an affine norm
 *
 * @param spec supplies what a shape does not determine (transposed convolutions). If given, every weight must fit it.
 */
export function fromTorch(weights: WeightsLike, spec?: NetworkSpec): Weights {
  const turned: Weights = {};
  const shapes = spec === undefined ? undefined : shapesByName(spec);
  const kinds = spec && layersByName(spec);
  for (const [name, tensor] of Object.entries(fields('weights', weights, 'an object of { shape, data }'))) {
    checkTensor(name, tensor);
    const [, path, part] = /^(.*\d)\.(\w+)$/.exec(name) ?? [];
    if (path === undefined) throw invalid('name of a weight', "'<number>.weight' or '<number>.bias'", name, TypeError);
    if (part === 'running_mean' || part === 'running_var' || part === 'num_batches_tracked') continue;
    const kind = kinds?.get(`layers.${path}`);
    if (kinds && !kind) throw invalid('name of a weight', 'the name of a weight of spec', name, TypeError);
    const shape = shapes?.get(`layers.${path}.${part}`);
    if (kind && shape) checkShape(name, tensor, part === 'weight' ? torchShape(kind, shape, tensor.shape) : shape);
    const statistics = weights[`${path}.running_var`] as WeightsLike[string] | undefined;
    turned[`layers.${path}.${part}`] =
      statistics && (!kind || kind.type === 'norm')
        ? foldNorm(part, path, weights)
        : part === 'weight'
          ? fromKernel(name, tensor, kind)
          : copy(tensor);
  }
  if (spec) checkAgainstSpec(turned, spec);
  return turned;
}

/** Converts Tapline's weights to a PyTorch state dict. The exact inverse of `fromTorch`, with the same `spec`. */
export function toTorch(weights: WeightsLike, spec?: NetworkSpec): Weights {
  if (spec) checkAgainstSpec(weights, spec);
  const turned: Weights = {};
  const kinds = spec && layersByName(spec);
  for (const [name, tensor] of Object.entries(fields('weights', weights, 'an object of { shape, data }'))) {
    checkTensor(name, tensor);
    const [, path, part] = /^layers\.(.*\d)\.(\w+)$/.exec(name) ?? [];
    const kind = kinds?.get(`layers.${path}`);
    if (path === undefined || (part !== 'weight' && part !== 'bias' && !isRegistered(kind)))
      throw invalid('name of a weight', "'layers.<number>.weight' or '….bias'", name, TypeError);
    turned[`${path}.${part}`] = part === 'weight' ? toKernel(name, tensor, kind) : copy(tensor);
    if (kind?.type !== 'norm' || part !== 'bias') continue;
    const [channels] = tensor.shape;
    turned[`${path}.running_mean`] = { shape: [channels], data: new Float32Array(channels) };
    turned[`${path}.running_var`] = { shape: [channels], data: new Float32Array(channels).fill(1 - EPSILON) };
  }
  return turned;
}

/** Returns the specs of all layers by the prefix of their weights' names. */
function layersByName(spec: NetworkSpec): Map<string, LayerSpec> {
  const kinds = new Map<string, LayerSpec>();
  const visit = (specs: readonly LayerSpec[], prefix: string): void => {
    for (const [index, layer] of specs.entries()) {
      const path = `${prefix}${index}`;
      kinds.set(path, layer);
      if (layer.type === 'residual') visit(layer.layers, `${path}.layers.`);
      if (layer.type === 'concat')
        for (const [b, specs] of layer.branches.entries()) visit(specs, `${path}.branches.${b}.`);
    }
  };
  visit(spec.layers, 'layers.');
  return kinds;
}

function shapesByName(spec: NetworkSpec): Map<string, readonly number[]> {
  return new Map(LayerStack.parameters('layers.', layersOf(spec)).map(({ name, shape }) => [name, shape]));
}

/**
 * Returns PyTorch's shape of a kernel with our `shape`. A Linear and a Conv1d with one tap are interchangeable. Arrays of
 * registered layers keep their shape.
 */
function torchShape(kind: LayerSpec, shape: readonly number[], { length }: readonly number[]): readonly number[] {
  if (shape.length !== 3 || isRegistered(kind)) return shape;
  const [outputs, taps, inputs] = shape;
  if (kind.type === 'convTranspose1d') return [inputs * (kind.groups ?? 1), outputs / (kind.groups ?? 1), taps];
  return taps === 1 && (length === 2 || (kind.type === 'linear' && length !== 3))
    ? [outputs, inputs]
    : [outputs, inputs, taps];
}

function checkAgainstSpec(weights: WeightsLike, spec: NetworkSpec): void {
  const parameters = shapesByName(spec);
  for (const [name, tensor] of Object.entries(weights)) {
    const shape = parameters.get(name);
    if (!shape) throw invalid('name of a weight', `one of ${[...parameters.keys()].join(', ')}`, name, TypeError);
    checkShape(name, tensor, shape);
  }
}

function copy({ shape, data }: WeightsLike[string]): Tensor {
  return { shape: [...shape], data: Float32Array.from(data) };
}

/** Converts y = γ (x - μ) / √(v + ε) + β to y = weight x + bias. */
function foldNorm(part: string, path: string, weights: WeightsLike): Tensor {
  const { [`${path}.running_mean`]: mean, [`${path}.running_var`]: variance } = weights;
  const { [`${path}.weight`]: gamma, [`${path}.bias`]: beta } = weights;
  for (const name of ['weight', 'bias', 'running_mean', 'running_var'])
    checkShape(`${path}.${name}`, weights[`${path}.${name}`], [variance.data.length]);
  const scale = Float64Array.from(
    { length: variance.data.length },
    (_, c) => gamma.data[c] / Math.sqrt(variance.data[c] + EPSILON),
  );
  const fold = part === 'weight' ? scale : scale.map((s, c) => beta.data[c] - mean.data[c] * s);
  return { shape: [fold.length], data: Float32Array.from(fold) };
}

function fromKernel(name: string, { shape, data }: WeightsLike[string], kind: LayerSpec | undefined): Tensor {
  if (shape.length === 1 || isRegistered(kind)) return copy({ shape, data });
  if (shape.length === 2) return { shape: [shape[0], 1, shape[1]], data: Float32Array.from(data) };
  if (shape.length !== 3) throw invalid(`${name}.shape`, 'of length 1, 2 or 3', shape);
  if (kind?.type !== 'convTranspose1d')
    return rearrange(name, { shape, data }, ([o, c, k], [, , K]) => [o, K - 1 - k, c], [0, 2, 1]);
  const groups = kind.groups ?? 1;
  const [inputs, width, taps] = shape;
  const perGroup = inputs / groups;
  return rearrange(
    name,
    { shape, data },
    ([c, o, k]) => [Math.floor(c / perGroup) * width + o, k, c % perGroup],
    undefined,
    [width * groups, taps, perGroup],
  );
}

function toKernel(name: string, { shape, data }: WeightsLike[string], kind: LayerSpec | undefined): Tensor {
  if (shape.length === 1 || isRegistered(kind)) return copy({ shape, data });
  if (shape.length !== 3) throw invalid(`${name}.shape`, 'of length 1 or 3', shape);
  const [outputs, taps, perGroup] = shape;
  if (kind?.type === 'linear') return { shape: [outputs, perGroup], data: Float32Array.from(data) };
  if (kind?.type !== 'convTranspose1d')
    return rearrange(name, { shape, data }, ([o, k, c], [, K]) => [o, c, K - 1 - k], [0, 2, 1]);
  const groups = kind.groups ?? 1;
  const width = outputs / groups;
  return rearrange(
    name,
    { shape, data },
    ([o, k, c]) => [Math.floor(o / width) * perGroup + c, o % width, k],
    undefined,
    [perGroup * groups, width, taps],
  );
}

type Place = readonly [number, number, number];

/**
 * Moves every number of a three-dimensional tensor to the place that `move` returns, in a tensor with the axes `order`
 * or the shape `into`.
 */
function rearrange(
  name: string,
  { shape, data }: WeightsLike[string],
  move: (place: Place, shape: Place) => Place,
  order: Place = [0, 1, 2],
  into: number[] = order.map((axis) => shape[axis]),
): Tensor {
  const [A, B, C] = shape;
  if (data.length !== A * B * C) throw invalid(`${name}.data.length`, `${A * B * C}`, data.length);
  const turned = new Float32Array(data.length);
  for (let a = 0; a < A; a++) {
    for (let b = 0; b < B; b++) {
      for (let c = 0; c < C; c++) {
        const [x, y, z] = move([a, b, c], [A, B, C]);
        turned[(x * into[1] + y) * into[2] + z] = data[(a * B + b) * C + c];
      }
    }
  }
  return { shape: into, data: turned };
}

/** Whether a layer is one that users registered: PyTorch's order of its arrays is its own. */
function isRegistered(layer: LayerSpec | undefined): boolean {
  return layer !== undefined && layer.type.includes('/');
}

/**
 * Name and shape of a weight in PyTorch's state dict. `eps` is what a batch norm adds to this running variance before
 * the square root.
 */
interface TorchEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly eps?: number;
}

/**
 * The state dict's name and shape for each weight of a network, by the network's own name. null for the constant zeros
 * and ones with which `python/tapline_export.py` joins branches, which do not exist in PyTorch.
 */
export type TorchNames = Readonly<Record<string, TorchEntry | null>>;

/** Reads the names from an exported file's metadata. Throws TypeError if they are malformed. */
export function torchNames(metadata: Record<string, string>): TorchNames {
  const names = jsonIn(metadata, 'torch');
  const fits =
    typeof names === 'object' &&
    names !== null &&
    Object.values(names).every((entry) => entry === null || isEntry(entry));
  if (!fits) throw invalid('metadata.torch of the file', 'an object of { name, shape } or null', names, TypeError);
  return names as TorchNames;
}

function isEntry(entry: unknown): boolean {
  const { name, shape, eps } = (entry ?? {}) as Record<string, unknown>;
  return typeof name === 'string' && Array.isArray(shape) && (eps === undefined || typeof eps === 'number');
}

/**
 * Renames and reshapes the weights that `toTorch` returned to those of the state dict. The order of the data stays the
 * same. Throws if a weight that does not exist in PyTorch has changed since the export.
 */
export function renameForTorch(weights: Weights, names: TorchNames): Weights {
  const renamed: Weights = {};
  for (const [ours, entry] of Object.entries(names)) {
    const tensor = weights[ours.slice('layers.'.length)] as Tensor | undefined;
    if (!tensor) throw invalid('name in metadata.torch of the file', 'the name of a weight', ours, TypeError);
    const { data } = tensor;
    if (!entry) {
      const changed = data.find((number) => number !== 0 && Math.abs(number) !== 1);
      if (changed !== undefined)
        throw invalid(ours, 'unchanged (0, 1, or -1), because PyTorch has no such weight', changed);
      continue;
    }
    const { name, shape, eps } = entry;
    const count = shape.reduce((product, size) => product * size, 1);
    if (count !== data.length) throw invalid(name, `of ${data.length} numbers`, [...shape]);
    renamed[name] = { shape: [...shape], data: eps === undefined ? data : data.fill(1 - eps) };
  }
  return renamed;
}
