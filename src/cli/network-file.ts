import { readFile } from 'node:fs/promises';
import { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import { parseJson } from './parse-json.ts';
import { asUsage, UsageError, usageOf } from './failure.ts';

/**
 * Reads a network: a `.json` spec (its weights are then seeded ones) or `.safetensors` (which carries its spec).
 * Throws a UsageError whose sentence begins with the path.
 */
export async function readNetwork(path: string): Promise<Network> {
  const bytes = await readWhole(path);
  return asUsage(() => {
    if (path.endsWith('.safetensors')) return Network.load(bytes);
    return Network.create(parseJson(new TextDecoder().decode(bytes)) as NetworkSpec);
  }, path);
}

async function readWhole(path: string): Promise<Uint8Array> {
  if (!/\.(json|safetensors)$/.test(path))
    throw new UsageError(`${path}: a network must be a .json spec or a .safetensors file`);
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new UsageError(`${path}: there is no such file`) : usageOf(error, path);
  });
}
