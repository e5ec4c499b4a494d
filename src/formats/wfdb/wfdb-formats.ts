/** The encoding of the samples in a file of a WFDB record. */
export interface WfdbFormat {
  readonly code: number;
  /** Bytes of the first 0, 1, … samples of a group of samples that share bytes. */
  readonly sizes: readonly number[];
  /** The stored number that stands for a missing sample. */
  readonly missing: number;
  /** Whether samples are stored as differences from the previous one. */
  readonly differences: boolean;
  /** Reads sample `i` of the group at `at`. */
  read(view: DataView, at: number, i: number): number;
}

/**
 * The formats by their codes. Most samples have their own bytes; others share them in groups. Each digit stands for 4 bits of
 * format 212 and for 5 bits of format 310, whose words of 16 bits have an unused bit, here -; format 311 has 10 bits per
 * sample from the lowest bit of 32.
 *
 *     212   bytes a1a0 b2a2 b1b0                samples a2a1a0, b2b1b0
 *     310   words c0a1a0- c1b1b0-               samples a1a0, b1b0, c1c0
 *
 * https://physionet.org/physiotools/wag/signal-5.htm
 */
export const wfdbFormats: ReadonlyMap<number, WfdbFormat> = new Map(
  [
    format(8, [0, 1], 32, (view, at) => view.getInt8(at), true),
    format(16, [0, 2], 16, (view, at) => view.getInt16(at, true)),
    format(24, [0, 3], 24, (view, at) => view.getUint16(at, true) + view.getInt8(at + 2) * 65536),
    format(32, [0, 4], 32, (view, at) => view.getInt32(at, true)),
    format(61, [0, 2], 16, (view, at) => view.getInt16(at)),
    format(80, [0, 1], 8, (view, at) => view.getUint8(at) - 128),
    format(160, [0, 2], 16, (view, at) => view.getUint16(at, true) - 32768),
    format(212, [0, 2, 3], 12, (view, at, i) => {
      const middle = view.getUint8(at + 1);
      return signed(
        i === 0 ? view.getUint8(at) + ((middle & 15) << 8) : view.getUint8(at + 2) + ((middle >> 4) << 8),
        12,
      );
    }),
    format(310, [0, 2, 4, 4], 10, (view, at, i) => {
      const word = (n: number) => view.getUint16(at + 2 * n, true);
      return signed(i < 2 ? word(i) >> 1 : (word(0) >> 11) + ((word(1) >> 11) << 5), 10);
    }),
    format(311, [0, 2, 3, 4], 10, (view, at, i) => {
      const pair = view.getUint8(at + i) + (view.getUint8(at + i + 1) << 8);
      return signed(pair >> (2 * i), 10);
    }),
  ].map((each) => [each.code, each]),
);

/** The bytes of `samples` samples. */
export function bytesOf({ sizes }: WfdbFormat, samples: number): number {
  const group = sizes.length - 1;
  return Math.floor(samples / group) * sizes[group] + sizes[samples % group];
}

/** The bytes that fill up the last group of samples. */
export function paddingOf({ sizes }: WfdbFormat, samples: number): number {
  const group = sizes.length - 1;
  return samples % group === 0 ? 0 : sizes[group] - sizes[samples % group];
}

/** The number of complete samples in `bytes` bytes. */
export function samplesIn({ sizes }: WfdbFormat, bytes: number): number {
  const group = sizes.length - 1;
  const rest = bytes % sizes[group];
  return Math.floor(bytes / sizes[group]) * group + sizes.findLastIndex((size, i) => i < group && size <= rest);
}

/** Reads sample `i` of a file. */
export function sampleAt(format: WfdbFormat, view: DataView, i: number): number {
  const group = format.sizes.length - 1;
  return format.read(view, Math.floor(i / group) * format.sizes[group], i % group);
}

function format(
  code: number,
  sizes: readonly number[],
  bits: number,
  read: WfdbFormat['read'],
  differences: boolean = false,
): WfdbFormat {
  return { code, sizes, missing: -(2 ** (bits - 1)), differences, read };
}

/** The lowest `bits` bits as a number in two's complement. */
function signed(number: number, bits: number): number {
  return (number << (32 - bits)) >> (32 - bits);
}
