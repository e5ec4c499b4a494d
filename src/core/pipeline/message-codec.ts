import { invalid } from '../check.ts';
import { Network } from '../network/network.ts';
import { decodeSafetensors, encodeSafetensors, jsonIn, type Tensors } from '../state/safetensors.ts';
import { checkPipelineMessage, type PipelineMessage } from './pipeline-message.ts';

type NumberArray = Float32Array | Float64Array | Uint8Array;

/**
 * Encodes a message as bytes, to record it or to send it to another machine. The bytes are a safetensors file: its
 * tensors are the arrays of the message, and its metadata contains the rest as JSON. A network is encoded as its
 * weights.
 * @throws TypeError if the message contains an optimizer, which is not plain data
 */
export function encodeMessage(message: PipelineMessage): Uint8Array {
  const tensors: Tensors = {};
  const text = JSON.stringify(message, (key, value: unknown) => {
    if (key === 'optimizer' && typeof value === 'object' && value !== null && 'fresh' in value)
      throw invalid('optimizer of an encoded message', 'plain JSON', value, TypeError);
    if (value instanceof Network) return value.weights();
    // JSON has no Infinity, which is the default of every option that can be infinite
    if (value === Infinity) return undefined;
    if (!isArray(value)) return value;
    const name = String(Object.keys(tensors).length);
    tensors[name] = { shape: [value.length], data: value };
    return { [marker]: name };
  });
  return encodeSafetensors(tensors, { tapline: 'message', message: text });
}

/**
 * Decodes a message that `encodeMessage` returned.
 * @throws TypeError or RangeError if the bytes are incomplete or are not a message
 */
export function decodeMessage(bytes: Uint8Array): PipelineMessage {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata.tapline !== 'message') throw invalid('bytes', 'an encoded message', metadata.tapline, TypeError);
  const message = withArrays(jsonIn(metadata, 'message'), tensors) as PipelineMessage;
  checkPipelineMessage(message);
  return message;
}

/** Field of an object that stands for an array; its value is the name of a tensor. */
const marker = '$array';

function isArray(value: unknown): value is NumberArray {
  return value instanceof Float32Array || value instanceof Float64Array || value instanceof Uint8Array;
}

/** Returns parsed JSON in which every marker is replaced by its array. */
function withArrays(value: unknown, tensors: Tensors): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => withArrays(item, tensors));
  const name = (value as Record<string, unknown>)[marker];
  if (typeof name === 'string' && Object.hasOwn(tensors, name)) return tensors[name].data;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withArrays(item, tensors)]));
}
