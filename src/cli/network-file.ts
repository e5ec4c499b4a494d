import { readFile } from 'node:fs/promises';
import { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import { asUsage, UsageError, usageOf } from './failure.ts';
import { parseJson } from './parse-json.ts';

/** The description of a network argument in the help of a command. */
export const networkFormats = 'Network: a .json spec or a .safetensors file';

/**
 * Reads a network: a `.json` spec, which gets seeded random weights, or `.safetensors`, which contains its spec.
 * Throws a UsageError that starts with the path.
 */
export async function readNetwork(path: string): Promise<Network> {
  const bytes = await readBytes(path);
  return asUsage(() => {
    if (path.endsWith('.safetensors')) return Network.load(bytes);
    return Network.create(parseJson(new TextDecoder().decode(bytes)) as NetworkSpec);
  }, path);
}

async function readBytes(path: string): Promise<Uint8Array> {
  if (!/\.(json|safetensors)$/.test(path))
    throw new UsageError(`${path}: a network must be a .json spec or a .safetensors file`);
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new UsageError(`${path}: file not found`) : usageOf(error, path);
  });
}
