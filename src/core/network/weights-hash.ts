import { contentHash } from '../state/content-hash.ts';
import type { Network } from './network.ts';
import type { WeightsLike } from './weights.ts';

const text = new TextEncoder();

/**
 * Returns the content hash of weights: SHA-256 of their names, shapes, and values (float32, little-endian, lag order), in
 * hexadecimal digits. Equal weights have equal hashes, on every machine.
 */
export function hashWeights(weights: WeightsLike): string {
  const names = Object.keys(weights).sort();
  const shapes = JSON.stringify(names.map((name) => [name, [...weights[name].shape]]));
  return contentHash([text.encode(shapes), ...names.map((name) => littleEndian(weights[name].data))]);
}

/** The last hash of each network, and the version of the weights that it belongs to. */
const known = new WeakMap<Network, { version: number; hash: string }>();

/** Returns the content hash of the current weights of a network. See `hashWeights`. */
export function hashNetwork(network: Network): string {
  const { version } = network.changes;
  const before = known.get(network);
  if (before?.version === version) return before.hash;
  const hash = hashWeights(network.weights());
  known.set(network, { version, hash });
  return hash;
}

function littleEndian(values: ArrayLike<number>): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i], true);
  return new Uint8Array(view.buffer);
}
