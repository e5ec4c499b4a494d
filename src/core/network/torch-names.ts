import { invalid } from '../check.ts';
import { jsonIn } from '../state/safetensors.ts';
import type { Tensor, Weights } from './weights.ts';

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
