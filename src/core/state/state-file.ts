import { invalid } from '../check.ts';
import { decodeSafetensors, encodeSafetensors, jsonIn, type Tensors } from './safetensors.ts';
import type { State } from './state.ts';

const POLYNOMIAL = 0xedb88320;
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ POLYNOMIAL : rest >>> 1;
  return rest;
});

/** The CRC-32 (ISO 3309, as in zip and PNG) of several runs of bytes, one after the other: tells a spoiled file from a whole one. */
function checksum(runs: Iterable<Uint8Array>): number {
  let rest = 0xffffffff;
  for (const bytes of runs) for (const byte of bytes) rest = table[(rest ^ byte) & 0xff] ^ (rest >>> 8);
  return ~rest >>> 0;
}

/** The version of the layout of saved states. A file of a newer one is refused. */
const formatVersion = 1;

/**
 * A state as one safetensors file: its arrays as tensors, its numbers in one tensor, and in the metadata what it is the
 * state of, the names of the numbers, a version, JSON beside it (the network's spec, for example), and a checksum of all.
 */
export function encodeState(kind: string, state: State, extra: object): Uint8Array {
  const tensors: Tensors = {};
  const names: string[] = [];
  const numbers: number[] = [];
  const visit = (part: State, prefix: string): void => {
    for (const [name, value] of Object.entries(part)) {
      const path = prefix + name;
      if (typeof value === 'number') numbers[names.push(path) - 1] = value;
      else if (ArrayBuffer.isView(value)) tensors[path] = { shape: [value.length], data: value };
      else visit(value, `${path}/`);
    }
  };
  visit(state, '');
  tensors.numbers = { shape: [numbers.length], data: Float64Array.from(numbers) };
  const metadata = {
    tapline: kind,
    version: String(formatVersion),
    names: JSON.stringify(names),
    beside: JSON.stringify(extra),
  };
  return encodeSafetensors(tensors, { ...metadata, checksum: sumOf(tensors, metadata) });
}

/** Reads a saved state. Throws an Error with a sentence when the bytes are cut, altered, foreign, newer, or the state of something else. */
export function decodeState(kind: string, bytes: Uint8Array): { state: State; beside: unknown } {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.tapline !== kind || metadata.names === undefined) {
    throw invalid('saved state', `that of a ${kind}`, metadata.tapline ?? 'a file without one', TypeError);
  }
  if (!/^[1-9]\d*$/.test(metadata.version) || Number(metadata.version) > formatVersion)
    throw invalid('version of a saved state', `<= ${formatVersion}`, metadata.version);
  const sum = sumOf(tensors, metadata);
  if (metadata.checksum !== sum) throw invalid('checksum of a saved state', sum, metadata.checksum);
  const { numbers, ...arrays } = tensors;
  const names = jsonIn(metadata, 'names') as string[];
  if (!Array.isArray(names) || names.some((name: unknown) => typeof name !== 'string'))
    throw invalid('names of a saved state', 'an array of strings', names, TypeError);
  if (!(numbers?.data instanceof Float64Array) || numbers.data.length !== names.length) {
    throw invalid('numbers of a saved state', `${names.length} float64 numbers`, numbers?.shape);
  }
  const state = Object.create(null) as MutableState;
  for (const [i, path] of names.entries()) put(state, path, numbers.data[i]);
  for (const [path, { data }] of Object.entries(arrays)) put(state, path, data);
  return { state, beside: jsonIn(metadata, 'beside') };
}

/** The checksum of everything that a state is made of, in hexadecimal digits. */
function sumOf(tensors: Tensors, { names, beside }: Record<string, string>): string {
  const text = new TextEncoder();
  const laid = Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1));
  const runs = laid.flatMap(([name, { data }]) => {
    return [text.encode(name), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
  });
  return checksum([text.encode(names), text.encode(beside), ...runs]).toString(16);
}

interface MutableState {
  [name: string]: State[string];
}

function put(state: MutableState, path: string, value: State[string]): void {
  const parts = path.split('/');
  const last = parts.pop()!;
  let parent = state;
  for (const part of parts) {
    const next = (parent[part] ??= Object.create(null) as MutableState);
    if (typeof next !== 'object' || ArrayBuffer.isView(next))
      throw invalid(`state.${path}`, 'within a state', next, TypeError);
    parent = next;
  }
  parent[last] = value;
}
