import { joinBytes } from '../../src/formats/byte-reader.ts';

/** A stream to write. Fields of its header are written as given, valid or not. */
export interface XdfFileStream {
  name?: string;
  type?: string;
  rate?: number | string;
  format?: string;
  count?: number | string;
  labels?: readonly string[];
  unit?: string;
  desc?: string;
  host?: string;
  /** Types of the channels with labels. */
  types?: readonly string[];
  /** Content of the footer. */
  footer?: string;
  /** Chunks of samples. */
  chunks: readonly (readonly XdfSample[])[];
  /** Measured clock offsets: time and value in s. */
  offsets?: readonly (readonly [time: number, value: number])[];
}

/** A sample: its timestamp in s, or none, and one value per channel. */
export type XdfSample = readonly [stamp: number | undefined, ...values: (number | string)[]];

/** The bytes of numbers by their formats. */
export const xdfFormats = {
  int8: (value: number) => new Uint8Array(Int8Array.of(value).buffer),
  int16: (value: number) => new Uint8Array(Int16Array.of(value).buffer),
  int32: (value: number) => new Uint8Array(Int32Array.of(value).buffer),
  int64: (value: number) => new Uint8Array(BigInt64Array.of(BigInt(value)).buffer),
  float32: (value: number) => new Uint8Array(Float32Array.of(value).buffer),
  double64: (value: number) => new Uint8Array(Float64Array.of(value).buffer),
};

const utf8 = (text: string) => new TextEncoder().encode(text);
const uint32 = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);
const boundary = Uint8Array.of(67, 165, 70, 220, 203, 245, 65, 15, 179, 14, 213, 70, 115, 131, 203, 228);

/** An integer of variable length, in as few bytes as possible or in `size` bytes. */
export function varint(value: number, size = value < 256 ? 1 : 4): Uint8Array {
  const bytes = Array.from({ length: size }, (_, i) => (i < 4 ? (value >>> (8 * i)) & 255 : 0));
  return Uint8Array.of(size, ...bytes);
}

/** A chunk: its length, its tag, and its content. */
export function xdfChunk(tag: number, content: Uint8Array, size?: number): Uint8Array {
  return joinBytes([varint(content.length + 2, size), Uint8Array.of(tag, 0), content]);
}

/** Encodes XDF as specified. The chunks of the streams alternate, with boundaries between them. */
export function encodeXdf(streams: readonly XdfFileStream[], date = ''): Uint8Array {
  const header = `<?xml version="1.0"?><info><version>1.0</version>${date && `<datetime>${date}</datetime>`}</info>`;
  const rounds = Math.max(...streams.map(({ chunks }) => chunks.length));
  return joinBytes([
    utf8('XDF:'),
    xdfChunk(1, utf8(header)),
    ...streams.map((stream, id) => xdfChunk(2, joinBytes([uint32(id), utf8(headerOf(stream))]), 4)),
    ...Array.from({ length: rounds }, (_, round) => [
      ...streams.flatMap((stream, id) => {
        const samples = stream.chunks.at(round);
        const offsets = round === 0 ? (stream.offsets ?? []) : [];
        return [
          ...(samples ? [xdfChunk(3, joinBytes([uint32(id), samplesOf(samples, stream.format ?? 'float32')]))] : []),
          ...offsets.map((offset) => xdfChunk(4, joinBytes([uint32(id), ...offset.map(xdfFormats.double64)]), 8)),
        ];
      }),
      xdfChunk(5, boundary),
    ]).flat(),
    ...streams.map(({ footer = '<info></info>' }, id) => xdfChunk(6, joinBytes([uint32(id), utf8(footer)]))),
  ]);
}

function headerOf(stream: XdfFileStream): string {
  const { name = 'x', type = 'EEG', rate = 100, format = 'float32', labels = [], unit = 'microvolts', chunks } = stream;
  const count = stream.count ?? (chunks.at(0)?.at(0)?.length ?? 2) - 1;
  const channels = labels
    .map((label, i) => {
      const type = stream.types ? `<type>${stream.types[i]}</type>` : '';
      return `<channel><label>${label}</label><unit>${unit}</unit>${type}</channel>`;
    })
    .join('');
  return `<?xml version="1.0"?>
    <info><name>${name}</name><type>${type}</type><channel_count>${count}</channel_count><nominal_srate>${rate}</nominal_srate>
    <channel_format>${format}</channel_format><created_at>5</created_at><hostname>${stream.host ?? ''}</hostname>
    <desc><channels>${channels}</channels>${stream.desc ?? ''}</desc></info>`;
}

function samplesOf(samples: readonly XdfSample[], format: string): Uint8Array {
  const value = (content: number | string) => {
    if (typeof content === 'number') return xdfFormats[format as keyof typeof xdfFormats](content);
    const bytes = utf8(content);
    return joinBytes([varint(bytes.length), bytes]);
  };
  return joinBytes([
    varint(samples.length),
    ...samples.flatMap(([stamp, ...values]) => [
      stamp === undefined ? Uint8Array.of(0) : joinBytes([Uint8Array.of(8), xdfFormats.double64(stamp)]),
      ...values.map(value),
    ]),
  ]);
}
