import { readFile } from 'node:fs/promises';
import { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import { decodeSafetensors } from '../core/state/safetensors.ts';
import { asUsage, UsageError, usageOf } from './failure.ts';
import { learnedTaskIn, type LearnedTask } from './learned-task.ts';
import { parseJson } from './parse-json.ts';

/** The description of a network argument in the help of a command. */
export const networkFormats = 'Network: a .json spec or a .safetensors file';

/** A network, and what it was trained to do. */
export interface NetworkFile {
  readonly network: Network;
  /** undefined: the file does not contain it, such as a spec, or weights of earlier versions. */
  readonly task?: LearnedTask;
}

/**
 * Reads a network: a `.json` spec, which gets seeded random weights, or `.safetensors`, which contains its spec.
 * Throws a UsageError that starts with the path.
 */
export async function readNetwork(path: string): Promise<Network> {
  return (await readNetworkFile(path)).network;
}

/** Reads a network as `readNetwork` does, with the task that it was trained for. */
export async function readNetworkFile(path: string): Promise<NetworkFile> {
  const bytes = await readBytes(path);
  return asUsage(() => {
    if (path.endsWith('.safetensors')) return loadNetwork(bytes);
    return { network: Network.create(parseJson(new TextDecoder().decode(bytes)) as NetworkSpec) };
  }, path);
}

/** Loads a network from a safetensors file that contains its spec. Throws a TypeError if it does not. */
function loadNetwork(bytes: Uint8Array): NetworkFile {
  const { metadata } = decodeSafetensors(bytes);
  if (metadata.spec !== undefined) return { network: Network.load(bytes), task: learnedTaskIn(metadata) };
  const content = metadata.format === 'pt' ? 'weights for PyTorch' : 'weights';
  throw new TypeError(
    `the file contains ${content} but no network spec, so Tapline cannot run it. Use a file that tapline learn wrote without --torch${metadata.format === 'pt' ? ', and read this file in PyTorch with load_state_dict' : ''}.`,
  );
}

async function readBytes(path: string): Promise<Uint8Array> {
  if (!/\.(json|safetensors)$/.test(path))
    throw new UsageError(`${path}: a network must be a .json spec or a .safetensors file`);
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? new UsageError(`${path}: file not found`) : usageOf(error, path);
  });
}
