import { invalid } from '../check.ts';
import { decodeSafetensors, encodeSafetensors, jsonIn, type Tensors } from './safetensors.ts';
import type { State } from './state.ts';

const POLYNOMIAL = 0xedb88320;
/** Bytes that are processed at once. */
const sliceBytes = 8;
/** Checksum of a byte that is followed by 0, 1, … 7 zero bytes, [sliceBytes, 256]. */
const crcTables = makeTables();

function makeTables(): Uint32Array {
  const tables = new Uint32Array(sliceBytes * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let i = 256; i < tables.length; i++) tables[i] = (tables[i - 256] >>> 8) ^ tables[tables[i - 256] & 0xff];
  return tables;
}

/**
 * Returns the CRC-32 (ISO 3309, as in zip and PNG) of several byte arrays in sequence. It detects corrupted files. It
 * processes eight bytes at once (slicing-by-8, Kounavis and Berry 2005).
 */
function checksum(chunks: Iterable<Uint8Array>): number {
  let crc = -1;
  for (const bytes of chunks) crc = addBytes(crc, bytes);
  return ~crc >>> 0;
}

function addBytes(start: number, bytes: Uint8Array): number {
  const t = crcTables;
  const whole = bytes.length - (bytes.length % sliceBytes);
  let crc = start;
  for (let i = 0; i < whole; i += sliceBytes) {
    const first = crc ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    crc =
      t[1792 + (first & 0xff)] ^
      t[1536 + ((first >>> 8) & 0xff)] ^
      t[1280 + ((first >>> 16) & 0xff)] ^
      t[1024 + (first >>> 24)] ^
      t[768 + bytes[i + 4]] ^
      t[512 + bytes[i + 5]] ^
      t[256 + bytes[i + 6]] ^
      t[bytes[i + 7]];
  }
  for (let i = whole; i < bytes.length; i++) crc = t[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return crc;
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
