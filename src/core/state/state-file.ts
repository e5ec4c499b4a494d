import { invalid } from '../check.ts';
import { decodeSafetensors, encodeSafetensors, jsonIn, type Tensors } from './safetensors.ts';
import type { State } from './state.ts';

const POLYNOMIAL = 0xedb88320;
/** Number of bytes that are processed in one iteration. */
const sliceBytes = 16;
/** CRC of each byte followed by 0, 1, … 15 zero bytes, [sliceBytes, 256]. */
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

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * Continues a CRC-32 (ISO 3309, as in zip and PNG), which detects corrupted files, with more bytes. It processes 16
 * bytes per iteration (slicing; Kounavis and Berry, 2005).
 *
 * @param start inverted CRC of the preceding bytes; -1 if there are none
 */
function addBytes(start: number, bytes: Uint8Array): number {
  const t = crcTables;
  const isAligned = isLittleEndian && bytes.byteOffset % 4 === 0;
  const slices = isAligned ? Math.floor(bytes.length / sliceBytes) : 0;
  const words = new Uint32Array(bytes.buffer, isAligned ? bytes.byteOffset : 0, 4 * slices);
  let crc = start;
  for (let i = 0; i < words.length; i += 4) {
    const a = crc ^ words[i];
    const b = words[i + 1];
    const c = words[i + 2];
    const d = words[i + 3];
    const late = t[768 + (d & 0xff)] ^ t[512 + ((d >>> 8) & 0xff)] ^ t[256 + ((d >>> 16) & 0xff)] ^ t[d >>> 24];
    const third =
      t[1792 + (c & 0xff)] ^ t[1536 + ((c >>> 8) & 0xff)] ^ t[1280 + ((c >>> 16) & 0xff)] ^ t[1024 + (c >>> 24)];
    const second =
      t[2816 + (b & 0xff)] ^ t[2560 + ((b >>> 8) & 0xff)] ^ t[2304 + ((b >>> 16) & 0xff)] ^ t[2048 + (b >>> 24)];
    const first =
      t[3840 + (a & 0xff)] ^ t[3584 + ((a >>> 8) & 0xff)] ^ t[3328 + ((a >>> 16) & 0xff)] ^ t[3072 + (a >>> 24)];
    crc = first ^ (second ^ third ^ late);
  }
  for (let i = sliceBytes * slices; i < bytes.length; i++) crc = t[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return crc;
}

/**
 * The version of the saved-state format. Files with a newer version are rejected. Version 2 stores depthwise kernels in
 * another order, so files of version 1 are rejected if their network has groups. Version 3 stores every
 * stage of a pipeline by name.
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
  const builder = new StateBuilder();
  for (const [i, path] of names.entries()) builder.put(path, numbers.data[i]);
  for (const path of Object.keys(arrays)) builder.put(path, arrays[path].data);
  return { state: builder.state, extra: jsonIn(metadata, 'beside') };
}

/** Returns the checksum of a state's names, arrays, and additional JSON in hexadecimal digits. */
function sumOf(tensors: Tensors, { names, beside }: Record<string, string>): string {
  const text = new TextEncoder();
  let crc = addBytes(addBytes(-1, text.encode(names)), text.encode(beside));
  for (const name of Object.keys(tensors).sort()) {
    const { buffer, byteOffset, byteLength } = tensors[name].data;
    crc = addBytes(addBytes(crc, text.encode(name)), new Uint8Array(buffer, byteOffset, byteLength));
  }
  return (~crc >>> 0).toString(16);
}

interface MutableState {
  [name: string]: State[string];
}

/** Builds nested states from paths. */
class StateBuilder {
  readonly state: MutableState = emptyState();
  /** Directory of the last path, and its state: consecutive paths are often in the same directory. */
  #directory = '';
  #parent: MutableState = this.state;

  put(path: string, value: State[string]): void {
    const end = path.lastIndexOf('/');
    const directory = end < 0 ? '' : path.slice(0, end);
    if (directory !== this.#directory) {
      this.#parent = this.#parentOf(path);
      this.#directory = directory;
    }
    this.#parent[path.slice(end + 1)] = value;
  }

  #parentOf(path: string): MutableState {
    let parent = this.state;
    for (const part of path.split('/').slice(0, -1)) {
      const next = (parent[part] ??= emptyState());
      if (typeof next !== 'object' || ArrayBuffer.isView(next))
        throw invalid(`state.${path}`, 'nested in a state', next, TypeError);
      parent = next;
    }
    return parent;
  }
}

function emptyState(): MutableState {
  return Object.create(null) as MutableState;
}
