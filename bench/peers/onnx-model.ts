import type { Workload } from '../workloads.ts';

/**
 * Returns a workload as an ONNX model: Conv (and Relu) nodes with their weights, x [1, in, frames] → y [1, out, frames'].
 * Field numbers follow onnx.proto (https://onnx.ai/onnx/repo-docs/IR.html), encoded as protobuf: tag, length, bytes.
 */
export function onnxModel({ layers, inChannels }: Workload, frames: number): Uint8Array {
  const nodes: Uint8Array[] = [];
  const initializers: Uint8Array[] = [];
  let from = 'x';
  for (const [l, { weight, bias, taps, inChannels, outChannels, stride, relu }] of layers.entries()) {
    const torch = new Float32Array(weight.length);
    for (let o = 0, at = 0; o < outChannels; o++)
      for (let k = taps - 1; k >= 0; k--)
        for (let c = 0; c < inChannels; c++) torch[(o * inChannels + c) * taps + k] = weight[at++];
    initializers.push(tensor(`w${l}`, [outChannels, inChannels, taps], torch), tensor(`b${l}`, [outChannels], bias));
    const to = l === layers.length - 1 ? 'y' : `y${l}`;
    const attributes = [integers('kernel_shape', [taps]), integers('strides', [stride])];
    nodes.push(node('Conv', [from, `w${l}`, `b${l}`], relu ? `c${l}` : to, attributes));
    if (relu) nodes.push(node('Relu', [`c${l}`], to, []));
    from = to;
  }
  const graph = [
    ...nodes.map((bytes) => field(1, bytes)),
    field(2, text('network')),
    ...initializers.map((bytes) => field(5, bytes)),
    field(11, value('x', [1, inChannels, frames])),
    field(12, value('y', [])),
  ];
  const opset = join([field(1, text('')), field(2, 13)]);
  return join([field(1, 8), field(7, join(graph)), field(8, opset)]);
}

/** Encodes a NodeProto. */
function node(type: string, inputs: readonly string[], output: string, attributes: readonly Uint8Array[]): Uint8Array {
  return join([
    ...inputs.map((name) => field(1, text(name))),
    field(2, text(output)),
    field(4, text(type)),
    ...attributes.map((bytes) => field(5, bytes)),
  ]);
}

/** Encodes an AttributeProto of integers. */
function integers(name: string, values: readonly number[]): Uint8Array {
  return join([field(1, text(name)), ...values.map((number) => field(8, number)), field(20, 7)]);
}

/** Encodes a TensorProto of floats. */
function tensor(name: string, shape: readonly number[], data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return join([...shape.map((size) => field(1, size)), field(2, 1), field(8, text(name)), field(9, bytes)]);
}

/** Encodes a ValueInfoProto of floats. An empty shape is left for the runtime to infer. */
function value(name: string, shape: readonly number[]): Uint8Array {
  const sizes = join(shape.map((size) => field(1, field(1, size))));
  const type = field(1, join([field(1, 1), ...(shape.length > 0 ? [field(2, sizes)] : [])]));
  return join([field(1, text(name)), field(2, type)]);
}

/** Encodes one field: a number as a varint, bytes with their length. */
function field(number: number, content: number | Uint8Array): Uint8Array {
  return typeof content === 'number'
    ? join([varint(number * 8), varint(content)])
    : join([varint(number * 8 + 2), varint(content.length), content]);
}

function varint(number: number): Uint8Array {
  const bytes: number[] = [];
  for (; number >= 128; number = Math.floor(number / 128)) bytes.push((number % 128) + 128);
  return Uint8Array.from([...bytes, number]);
}

function text(string: string): Uint8Array {
  return new TextEncoder().encode(string);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}
