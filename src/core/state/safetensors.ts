import { invalid } from '../check.ts';

/** A named array in a safetensors file. */
interface FileTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Uint8Array;
}

export type Tensors = Record<string, FileTensor>;

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

const maxHeaderBytes = 100 * 1024 * 1024;
const arrayTypes = { F32: Float32Array, F64: Float64Array, U8: Uint8Array } as const;
const dtypeOf = (data: FileTensor['data']) =>
  data instanceof Float32Array ? 'F32' : data instanceof Float64Array ? 'F64' : 'U8';

/**
 * Writes tensors as a safetensors file: the length of the header (u64), the header (JSON), and the data, little-endian.
 * Tensors with the widest elements come first and the header is padded, so that all data is aligned.
 * Source: the safetensors format description (Hugging Face).
 */
export function encodeSafetensors(tensors: Tensors, metadata: Record<string, string> = {}): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const width = ({ data }: FileTensor) => data.BYTES_PER_ELEMENT;
  const ordered = Object.entries(tensors).sort(([, a], [, b]) => width(b) - width(a));
  let end = 0;
  for (const [name, { shape, data }] of ordered) {
    header[name] = { dtype: dtypeOf(data), shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + end).fill(0x20, 8, 8 + length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  let at = 8 + length;
  for (const [, { data }] of ordered) {
    bytes.set(littleEndian(bytesOf(data), data.BYTES_PER_ELEMENT), at);
    at += data.byteLength;
  }
  return bytes;
}

function bytesOf(data: FileTensor['data']): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Converts elements of `size` bytes from the byte order of the machine to little-endian, or back. */
function littleEndian<T extends Uint8Array>(bytes: T, size: number): T {
  if (isLittleEndian) return bytes;
  return bytes.map((_, i) => bytes[i - (i % size) + (size - 1 - (i % size))]) as T;
}

/**
 * Reads a safetensors file with F32, F64, and U8 tensors.
 * @throws TypeError or RangeError if the bytes are incomplete or are not a safetensors file
 */
export function decodeSafetensors(bytes: Uint8Array): { tensors: Tensors; metadata: Record<string, string> } {
  if (!((bytes as unknown) instanceof Uint8Array)) throw invalid('bytes', 'a Uint8Array', bytes, TypeError);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? NaN : Number(view.getBigUint64(0, true));
  if (!(length >= 2 && length <= maxHeaderBytes && 8 + length <= bytes.length)) {
    throw new RangeError(`safetensors: the file must contain a complete header, got ${bytes.length} bytes`);
  }
  const { __metadata__: metadata = {}, ...entries } = parseHeader(bytes.subarray(8, 8 + length));
  const tensors = Object.entries(entries).map(([name, entry]) => [name, read(name, entry, view, 8 + length)] as const);
  if (!isObject(metadata) || !Object.values(metadata).every((text) => typeof text === 'string'))
    throw new TypeError('safetensors: metadata must be an object of strings');
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}

/** Parses the JSON under `name` in a file's metadata. Throws a TypeError if it is missing or not JSON. */
export function jsonIn(metadata: Record<string, string>, name: string): unknown {
  try {
    return JSON.parse(metadata[name]);
  } catch {
    throw invalid(`metadata.${name} of the file`, 'JSON', metadata[name], TypeError);
  }
}

function isSize(n: unknown): boolean {
  return Number.isSafeInteger(n) && (n as number) >= 0;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseHeader(text: Uint8Array): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
    if (isObject(header)) return header;
  } catch {
    // not JSON or not UTF-8: the error below covers both cases
  }
  throw new TypeError('safetensors: the header must be a JSON object');
}

function read(name: string, entry: unknown, view: DataView, body: number): FileTensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Entry;
  if (!Object.hasOwn(arrayTypes, dtype)) {
    throw new TypeError(`safetensors: ${name}.dtype must be F32, F64, or U8, got '${dtype}'`);
  }
  const Kind = arrayTypes[dtype as keyof typeof arrayTypes];
  const size = Kind.BYTES_PER_ELEMENT;
  const valid = Array.isArray(shape) && Array.isArray(offsets) && shape.every(isSize) && offsets.every(isSize);
  const count = valid ? shape.reduce((product, n) => product * n, 1) : NaN;
  const [begin, end] = valid ? offsets : [NaN, NaN];
  if (!(end - begin === count * size && body + end <= view.byteLength)) {
    throw new RangeError(`safetensors: ${name} must lie within the file, got shape [${shape}] at [${offsets}]`);
  }
  const from = view.byteOffset + body + begin;
  const copy = new Uint8Array(view.buffer, from, count * size).slice();
  return { shape: [...shape], data: new Kind(littleEndian(copy, size).buffer) };
}
