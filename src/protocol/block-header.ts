import type { Block } from '../core/blocks/block.ts';
import { maxTime, maxRate } from './limits.ts';
import { ProtocolError } from './protocol-error.ts';

/** Length of the header in bytes. */
export const headerLength = 48;
/** Content of a block: raw samples, outputs of a feature map network, or predictions of a learner. */
export type BlockKind = 'samples' | 'features' | 'prediction';
/** Kinds of blocks; the index is the number in the header. */
export const blockKinds: readonly BlockKind[] = ['samples', 'features', 'prediction'];

/** A block with the header fields that identify it. */
export interface WireBlock {
  /** Content of the block. */
  kind: BlockKind;
  /** Id of the subscription; 0 on ingest. */
  id: number;
  /** Number of the run. */
  run: number;
  /** Index of the feature map network or learner of the stream. */
  map: number;
  /** The samples or outputs, and their position in the stream. */
  block: Block;
}

const magic = 0x4c54;
const version = 1;

/**
 * Encodes a block as a binary message: header, samples, and validity bytes if the block has them. Allocates the result.
 */
export function encodeBlock(block: Block, address: Partial<Omit<WireBlock, 'block'>> = {}): Uint8Array<ArrayBuffer> {
  const { data, channels, start, rate, time, valid } = block;
  const frames = data.length / channels;
  const bytes = new Uint8Array(headerLength + data.byteLength + (valid ? frames : 0));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, magic, true);
  view.setUint8(2, version);
  view.setUint8(3, blockKinds.indexOf(address.kind ?? 'samples'));
  view.setUint32(4, address.id ?? 0, true);
  view.setBigUint64(8, BigInt(start), true);
  view.setFloat64(16, time, true);
  view.setFloat64(24, rate, true);
  view.setUint32(32, frames, true);
  view.setUint16(36, channels, true);
  view.setUint8(39, valid ? 1 : 0);
  view.setUint32(40, address.run ?? 0, true);
  view.setUint16(44, address.map ?? 0, true);
  new Float32Array(bytes.buffer, headerLength, data.length).set(data);
  if (valid) bytes.set(valid, headerLength + data.byteLength);
  return bytes;
}

/**
 * Decodes a binary message. Aligned samples are a view of `bytes`, which the caller must not change afterwards; otherwise
 * they are copied. Every field is validated before memory is allocated.
 * @throws ProtocolError and no other error
 */
export function decodeBlock(bytes: Uint8Array | ArrayBuffer): WireBlock {
  const whole = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const length = whole.byteLength;
  if (length < headerLength)
    throw invalidField('short-block', 'message.length', `at least ${headerLength} bytes`, length);
  const view = new DataView(whole.buffer, whole.byteOffset, length);
  const field = {
    magic: view.getUint16(0, true),
    version: view.getUint8(2),
    kind: view.getUint8(3),
    start: view.getBigUint64(8, true),
    time: view.getFloat64(16, true),
    rate: view.getFloat64(24, true),
    frames: view.getUint32(32, true),
    channels: view.getUint16(36, true),
    dtype: view.getUint8(38),
    flags: view.getUint8(39),
    reserved: view.getUint16(46, true),
  };
  if (field.magic !== magic) throw invalidField('bad-block', 'magic', '0x4c54', `0x${field.magic.toString(16)}`);
  if (field.version !== version) throw invalidField('bad-version', 'version', '1', field.version);
  if (field.kind >= blockKinds.length) throw invalidField('bad-kind', 'kind', '0, 1, or 2', field.kind);
  if (field.dtype !== 0) throw invalidField('bad-dtype', 'dtype', '0 (float32)', field.dtype);
  if (field.flags > 1) throw invalidField('bad-flags', 'flags', '0 or 1', field.flags);
  if (field.reserved !== 0) throw invalidField('bad-reserved', 'reserved', '0', field.reserved);
  if (field.channels < 1) throw invalidField('bad-channels', 'channels', 'an integer >= 1', field.channels);
  if (field.start + BigInt(field.frames) > BigInt(Number.MAX_SAFE_INTEGER))
    throw invalidField('bad-index', 'start + frames', 'at most 2^53 - 1', field.start);
  if (!(Math.abs(field.time) <= maxTime))
    throw invalidField('bad-time', 'time', 'ms since 1970, up to 8.64e15', field.time);
  if (!(field.rate >= 0 && field.rate <= maxRate))
    throw invalidField('bad-rate', 'rate', 'a number from 0 to 1e9 in Hz', field.rate);
  const samples = field.frames * field.channels;
  const expected = headerLength + 4 * samples + (field.flags & 1 ? field.frames : 0);
  if (length !== expected) throw invalidField('bad-length', 'message.length', `${expected} bytes`, length);

  const block: Block = {
    data: floats(whole, samples),
    channels: field.channels,
    start: Number(field.start),
    rate: field.rate,
    time: field.time,
  };
  return {
    kind: blockKinds[field.kind],
    id: view.getUint32(4, true),
    run: view.getUint32(40, true),
    map: view.getUint16(44, true),
    block: field.flags & 1 ? { ...block, valid: validity(whole.subarray(headerLength + 4 * samples)) } : block,
  };
}

function floats(whole: Uint8Array, samples: number): Float32Array {
  const at = whole.byteOffset + headerLength;
  if (at % 4 === 0) return new Float32Array(whole.buffer, at, samples);
  return new Float32Array(Uint8Array.from(whole.subarray(headerLength, headerLength + 4 * samples)).buffer);
}

function validity(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes, (byte) => (byte === 0 ? 0 : 1));
}

function invalidField(
  code: ConstructorParameters<typeof ProtocolError>[0],
  name: string,
  rule: string,
  got: unknown,
): ProtocolError {
  return new ProtocolError(code, `${name} must be ${rule}, got ${String(got)}`);
}
