import { invalid } from '../check.ts';
import { decodeSafetensors, encodeSafetensors, jsonIn, type Tensors } from './safetensors.ts';
import type { State } from './state.ts';

const POLYNOMIAL = 0xedb88320;
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

/** Returns the CRC-32 (ISO 3309, as in zip and PNG) of several byte arrays in sequence. It detects corrupted files. */
function checksum(chunks: Iterable<Uint8Array>): number {
  let crc = 0xffffffff;
  for (const bytes of chunks) for (const byte of bytes) crc = crcTable[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/**
 * The version of the saved-state format. Files with a newer version are rejected. Version 2 stores depthwise kernels in
 * another order, so files of version 1 are rejected if their network has groups. Version 3 stores all stages of a pipeline.
 */
const formatVersion = 3;

/**
 * Writes a state as a safetensors file. Arrays become tensors, and all numbers go into one tensor. The metadata contains
 * the kind of state, the names of the numbers, the format version, additional JSON (the network's spec, for example),
 * and a checksum of everything.
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

/**
 * Reads a saved state.
 * @throws TypeError or RangeError if the file is incomplete, corrupted, of a newer version, or not a state of this kind
 */
export function decodeState(kind: string, bytes: Uint8Array): { state: State; extra: unknown } {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.tapline !== kind || metadata.names === undefined) {
    throw invalid('saved state', `the state of a ${kind}`, metadata.tapline ?? 'a file without one', TypeError);
  }
  if (!/^[1-9]\d*$/.test(metadata.version) || Number(metadata.version) > formatVersion)
    throw invalid('version of a saved state', `<= ${formatVersion}`, metadata.version);
  if (metadata.version === '1' && /"groups":(?!1\b)/.test(metadata.beside))
    throw invalid('version of a saved state with a grouped convolution', '>= 2', metadata.version);
  const sum = sumOf(tensors, metadata);
  if (metadata.checksum !== sum) throw invalid('checksum of a saved state', sum, metadata.checksum);
  const { numbers, ...arrays } = tensors;
  const names = jsonIn(metadata, 'names') as string[];
  if (!Array.isArray(names) || names.some((name: unknown) => typeof name !== 'string'))
    throw invalid('names of a saved state', 'an array of strings', names, TypeError);
  if (!(numbers?.data instanceof Float64Array) || numbers.data.length !== names.length) {
    throw invalid('numbers of a saved state', `${names.length} float64 values`, numbers?.shape);
  }
  const state = Object.create(null) as MutableState;
  for (const [i, path] of names.entries()) put(state, path, numbers.data[i]);
  for (const [path, { data }] of Object.entries(arrays)) put(state, path, data);
  return { state, extra: jsonIn(metadata, 'beside') };
}

/** Returns the checksum of a state's names, arrays, and additional JSON in hexadecimal digits. */
function sumOf(tensors: Tensors, { names, beside }: Record<string, string>): string {
  const text = new TextEncoder();
  const ordered = Object.entries(tensors).sort(([a], [b]) => (a < b ? -1 : 1));
  const chunks = ordered.flatMap(([name, { data }]) => {
    return [text.encode(name), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
  });
  return checksum([text.encode(names), text.encode(beside), ...chunks]).toString(16);
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
      throw invalid(`state.${path}`, 'nested in a state', next, TypeError);
    parent = next;
  }
  parent[last] = value;
}
