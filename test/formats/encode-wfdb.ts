/** A signal to write. Fields of its line are written as given, valid or not. */
export interface WfdbFileSignal {
  file: string;
  format: number | string;
  /** What follows the format, such as `x2:1+16`. */
  layout?: string;
  /** The rest of the line. Default: gain 1, and the first number and the checksum of the samples. */
  rest?: string;
  label?: string;
  /** Stored numbers, `samples` for each frame. */
  stored: readonly number[];
  samples?: number;
  /** Bytes before the samples. */
  before?: Uint8Array;
}

/** An annotation to write: its time, its code, and its text. */
export interface WfdbFileAnnotation {
  at: number;
  code: number;
  text?: string;
}

/** Encodes a record as specified: the header a.hea, the files of its signals, and a.atr if there are annotations. */
export function encodeWfdb(
  record: string,
  signals: readonly WfdbFileSignal[],
  annotations?: readonly WfdbFileAnnotation[],
): Record<string, Uint8Array> {
  const checksum = (stored: readonly number[]) => (stored.reduce((sum, sample) => (sum + sample) | 0, 0) << 16) >> 16;
  const lines = signals.map(({ file, format, layout = '', rest, label = 'x', stored }) =>
    [file, `${format}${layout}`, rest ?? `1(0)/mV 16 0 ${stored[0]} ${checksum(stored)} 0 ${label}`].join(' '),
  );
  const files = [...new Set(signals.map(({ file }) => file))].map((name): [string, Uint8Array] => {
    const own = signals.filter(({ file }) => file === name);
    const { samples = 1, stored, before = new Uint8Array(0), format } = own[0];
    const all = Array.from({ length: stored.length / samples }, (_, frame) =>
      own.flatMap(({ samples = 1, stored }) => stored.slice(frame * samples, (frame + 1) * samples)),
    ).flat();
    return [name, Uint8Array.from([...before, ...bytesOf(Number(format), all, own.length)])];
  });
  return {
    'a.hea': new TextEncoder().encode(['# a comment', record, '', ...lines, '# another'].join('\n')),
    ...Object.fromEntries(files),
    ...(annotations && { 'a.atr': encodeAnnotations(annotations) }),
  };
}

/** The bytes of samples of a number of signals in a format. Format 8 starts at the first number in the header. */
function bytesOf(format: number, samples: readonly number[], signals: number): number[] {
  const little = (sample: number, bytes: number) => Array.from({ length: bytes }, (_, i) => (sample >> (8 * i)) & 255);
  if (format === 212)
    return samples.flatMap((a, i) => {
      if (i % 2 === 1) return [];
      const b = samples.at(i + 1);
      return [
        a & 255,
        ((a >> 8) & 15) | (b === undefined ? 0 : ((b >> 8) & 15) << 4),
        ...(b === undefined ? [] : [b & 255]),
      ];
    });
  if (format === 310 || format === 311)
    return samples.flatMap((first, i) => {
      if (i % 3 > 0) return [];
      const [a, b, c] = [first, samples.at(i + 1) ?? 0, samples.at(i + 2) ?? 0].map((sample) => sample & 1023);
      const words =
        format === 311
          ? a + b * 1024 + c * 2 ** 20
          : (a << 1) + ((c & 31) << 11) + 65536 * ((b << 1) + ((c >> 5) << 11));
      const last = samples.length - i;
      return little(words | 0, 4).slice(0, last > 2 ? 4 : format === 310 ? 2 * last : 1 + last);
    });
  if (format === 8)
    return samples.map((sample, i) => (sample - (samples.at(i < signals ? i : i - signals) ?? 0)) & 255);
  return samples.flatMap((sample) =>
    format === 61
      ? little(sample, 2).reverse()
      : format === 80
        ? [sample + 128]
        : format === 160
          ? little(sample + 32768, 2)
          : little(sample, format / 8),
  );
}

/** Annotations in the MIT format. */
export function encodeAnnotations(annotations: readonly WfdbFileAnnotation[]): Uint8Array {
  const words: number[] = [];
  const word = (code: number, value: number) => words.push(value & 255, (code << 2) | (value >> 8));
  let time = 0;
  for (const { at, code, text = '' } of annotations) {
    const step = at - time;
    time = at;
    if (step < 0 || step > 1023) {
      word(59, 0);
      words.push((step >> 16) & 255, (step >> 24) & 255, step & 255, (step >> 8) & 255);
    }
    word(code, step < 0 || step > 1023 ? 0 : step);
    word(61, 3);
    word(62, 1);
    if (text === '') continue;
    const bytes = [...new TextEncoder().encode(text)];
    word(63, bytes.length);
    words.push(...bytes, ...(bytes.length % 2 === 1 ? [0] : []));
  }
  word(0, 0);
  return Uint8Array.from(words);
}
