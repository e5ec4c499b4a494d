import type { Weights, WeightsLike } from './weights.ts';

const MAX_HEADER = 100 * 1024 * 1024;

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/**
 * Writes tensors as safetensors: u64 length of a JSON header, the header, the numbers as little-endian float32.
 * Source: the safetensors format description (Hugging Face). The header is padded so that the numbers lie on 8 bytes.
 */
export function encodeSafetensors(tensors: WeightsLike, metadata: Record<string, string> = {}): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let end = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    const begin = end;
    end += 4 * data.length;
    header[name] = { dtype: 'F32', shape, data_offsets: [begin, end] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8;
  const bytes = new Uint8Array(8 + length + end).fill(0x20, 8, 8 + length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(length), true);
  bytes.set(text, 8);
  let at = 8 + length;
  for (const { data } of Object.values(tensors)) {
    for (let i = 0; i < data.length; i++, at += 4) view.setFloat32(at, data[i], true);
  }
  return bytes;
}

/** Reads safetensors whose tensors are F32 or F64. Throws an Error with a sentence when the bytes are not that. */
export function decodeSafetensors(bytes: Uint8Array): { tensors: Weights; metadata: Record<string, string> } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length < 8 ? NaN : Number(view.getBigUint64(0, true));
  if (!(length >= 2 && length <= MAX_HEADER && 8 + length <= bytes.length)) {
    throw new RangeError(`safetensors: ${bytes.length} bytes hold no whole header`);
  }
  const { __metadata__: metadata = {}, ...entries } = parseHeader(bytes.subarray(8, 8 + length));
  const body = 8 + length;
  const tensors: Weights = {};
  for (const [name, entry] of Object.entries(entries as Record<string, Entry>)) {
    tensors[name] = { shape: [...entry.shape], data: read(name, entry, view, body) };
  }
  return { tensors, metadata: metadata as Record<string, string> };
}

function parseHeader(text: Uint8Array): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
    if (typeof header === 'object' && header !== null && !Array.isArray(header))
      return header as Record<string, unknown>;
  } catch {
    // told below, with what is wrong in one sentence
  }
  throw new TypeError('safetensors: the header is not a JSON object');
}

function read(name: string, entry: Entry, view: DataView, body: number): Float32Array {
  const { dtype, shape, data_offsets: offsets } = entry;
  if (dtype !== 'F32' && dtype !== 'F64') {
    throw new TypeError(`safetensors: ${name}.dtype must be F32 or F64, got '${dtype}'`);
  }
  const size = dtype === 'F32' ? 4 : 8;
  const wholes =
    Array.isArray(shape) &&
    Array.isArray(offsets) &&
    [...shape, ...offsets].every((n) => Number.isSafeInteger(n) && n >= 0);
  const count = wholes ? shape.reduce((product, n) => product * n, 1) : NaN;
  const [begin, end] = wholes ? offsets : [NaN, NaN];
  if (!(end - begin === count * size && body + end <= view.byteLength)) {
    throw new RangeError(`safetensors: ${name} must lie whole within the file, got shape [${shape}] at [${offsets}]`);
  }
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const at = body + begin + i * size;
    data[i] = size === 4 ? view.getFloat32(at, true) : view.getFloat64(at, true);
  }
  return data;
}
