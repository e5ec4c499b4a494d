/** One signal to write: stored integers, [record][sample], or the bytes of each record. */
export interface EdfSignal {
  label: string;
  transducer?: string;
  unit?: string;
  physical?: readonly (number | string)[];
  digital?: readonly (number | string)[];
  /** Samples per record in the header. Default: the actual number. */
  samples?: number | string;
  records: readonly (readonly number[] | Uint8Array)[];
}

/** A file to write. Fields are written as given, valid or not. */
export interface EdfFile {
  bdf?: boolean;
  recording?: string;
  date?: string;
  time?: string;
  headerBytes?: number | string;
  reserved?: string;
  records?: number | string;
  duration?: number | string;
  count?: number | string;
  signals: readonly EdfSignal[];
}

/** Encodes EDF or BDF as specified. */
export function encodeEdf(file: EdfFile): Uint8Array {
  const { bdf = false, signals } = file;
  const records = signals[0].records.length;
  const size = bdf ? 3 : 2;
  const version = bdf ? Uint8Array.of(0xff, ...new TextEncoder().encode('BIOSEMI')) : field('0', 8);
  const each = (width: number, of: (signal: EdfSignal) => number | string) =>
    signals.map((one) => field(of(one), width));
  return join([
    version,
    field('X X X X', 80),
    field(file.recording ?? '', 80),
    field(file.date ?? '02.03.04', 8),
    field(file.time ?? '05.06.07', 8),
    field(file.headerBytes ?? 256 * (1 + signals.length), 8),
    field(file.reserved ?? (bdf ? '24BIT' : ''), 44),
    field(file.records ?? records, 8),
    field(file.duration ?? 1, 8),
    field(file.count ?? signals.length, 4),
    ...each(16, ({ label }) => label),
    ...each(80, ({ transducer = '' }) => transducer),
    ...each(8, ({ unit = 'uV' }) => unit),
    ...each(8, ({ physical }) => physical?.[0] ?? -100),
    ...each(8, ({ physical }) => physical?.[1] ?? 100),
    ...each(8, ({ digital }) => digital?.[0] ?? -32768),
    ...each(8, ({ digital }) => digital?.[1] ?? 32767),
    ...each(80, () => 'HP:0.1Hz'),
    ...each(
      8,
      ({ samples, records: [first] }) => samples ?? (first instanceof Uint8Array ? first.length / size : first.length),
    ),
    ...each(32, () => ''),
    ...Array.from({ length: records }, (_, record) => signals.map((one) => stored(one.records[record], size))).flat(),
  ]);
}

/** An annotation signal: the lists of each record as text, padded to a number of bytes. */
export function annotations(records: readonly string[], bytes: number, label = 'EDF Annotations'): EdfSignal {
  return { label, unit: '', physical: [-1, 1], records: records.map((text) => field(text, bytes, 0)) };
}

/** A list of texts with one time, as in EDF+. */
export function list(onset: string, texts: readonly string[], duration?: string): string {
  return `${onset}${duration === undefined ? '' : `\x15${duration}`}\x14${texts.map((text) => `${text}\x14`).join('')}\0`;
}

/** Concatenates pieces. */
export function join(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces));
}

/** Text in a field of fixed width. */
export function field(content: number | string, width: number, pad = 0x20): Uint8Array {
  const text = new TextEncoder().encode(String(content));
  if (text.length > width) throw new Error(`${content} does not fit into ${width} bytes`);
  return new Uint8Array(width).fill(pad).map((byte, i) => text[i] ?? byte);
}

function stored(record: readonly number[] | Uint8Array, size: number): Uint8Array {
  if (record instanceof Uint8Array) return record;
  return Uint8Array.from(
    record.flatMap((sample) => Array.from({ length: size }, (_, byte) => (sample >> (8 * byte)) & 255)),
  );
}
