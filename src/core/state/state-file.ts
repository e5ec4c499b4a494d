import { invalid } from '../check.ts';
import { addBytes } from './crc32.ts';
import { decodeSafetensors, encodeSafetensors, jsonIn, type Tensors } from './safetensors.ts';
import type { State } from './state.ts';

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
