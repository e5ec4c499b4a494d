import { invalid } from '../check.ts';
import { jsonIn } from '../state/safetensors.ts';
import type { Tensor, Weights } from './weights.ts';

/** Where PyTorch's state dict keeps a weight. `eps` is what a batch norm adds to this running variance before the root. */
interface TorchEntry {
  readonly name: string;
  readonly shape: readonly number[];
  readonly eps?: number;
}

/**
 * The state dict's name and shape for each weight of a network, by the network's own name; null for the zeros and ones
 * with which `python/tapline_export.py` joins branches, which PyTorch has no weight for.
 */
export type TorchNames = Readonly<Record<string, TorchEntry | null>>;

/** Reads the names that an exported file's metadata holds. Throws TypeError when they are none. */
export function torchNames(metadata: Record<string, string>): TorchNames {
  const names = jsonIn(metadata, 'torch');
  const fits =
    typeof names === 'object' && names !== null && Object.values(names).every((home) => home === null || isEntry(home));
  if (!fits) throw invalid("the file's metadata.torch", 'an object of { name, shape } or null', names, TypeError);
  return names as TorchNames;
}

function isEntry(home: unknown): boolean {
  const { name, shape, eps } = (home ?? {}) as Record<string, unknown>;
  return typeof name === 'string' && Array.isArray(shape) && (eps === undefined || typeof eps === 'number');
}

/**
 * Gives the weights that `toTorch` has turned the names and shapes of their state dict: the numbers stay as they lie.
 * Throws when a weight that PyTorch has not is no longer what it was exported as.
 */
export function renameForTorch(turned: Weights, names: TorchNames): Weights {
  const named: Weights = {};
  for (const [ours, home] of Object.entries(names)) {
    const tensor = turned[ours.slice('layers.'.length)] as Tensor | undefined;
    if (!tensor) throw invalid("name in the file's metadata.torch", 'that of a weight', ours, TypeError);
    const { data } = tensor;
    if (!home) {
      const changed = data.find((number) => number !== 0 && Math.abs(number) !== 1);
      if (changed !== undefined) throw invalid(ours, 'zeros and ones still, for PyTorch has no such weight', changed);
      continue;
    }
    const { name, shape, eps } = home;
    const count = shape.reduce((product, size) => product * size, 1);
    if (count !== data.length) throw invalid(name, `of ${data.length} numbers`, [...shape]);
    named[name] = { shape: [...shape], data: eps === undefined ? data : data.fill(1 - eps) };
  }
  return named;
}
