import { field, join } from './encode-edf.ts';

/** The sample types of GDF by code: the size in bytes and the writer. */
export const gdfTypes: Record<number, { bytes: number; write: (view: DataView, sample: number) => void }> = {
  1: { bytes: 1, write: (view, x) => view.setInt8(0, x) },
  2: { bytes: 1, write: (view, x) => view.setUint8(0, x) },
  3: { bytes: 2, write: (view, x) => view.setInt16(0, x, true) },
  4: { bytes: 2, write: (view, x) => view.setUint16(0, x, true) },
  5: { bytes: 4, write: (view, x) => view.setInt32(0, x, true) },
  6: { bytes: 4, write: (view, x) => view.setUint32(0, x, true) },
  7: { bytes: 8, write: (view, x) => view.setBigInt64(0, BigInt(x), true) },
  8: { bytes: 8, write: (view, x) => view.setBigUint64(0, BigInt(x), true) },
  16: { bytes: 4, write: (view, x) => view.setFloat32(0, x, true) },
  17: { bytes: 8, write: (view, x) => view.setFloat64(0, x, true) },
  279: { bytes: 3, write: (view, x) => [0, 1, 2].forEach((byte) => view.setUint8(byte, (x >> (8 * byte)) & 255)) },
  535: { bytes: 3, write: (view, x) => [0, 1, 2].forEach((byte) => view.setUint8(byte, (x >> (8 * byte)) & 255)) },
};

interface GdfSignal {
  label: string;
  transducer?: string;
  /** Code of the unit, for 2.x. */
  unit?: string;
  unitCode?: number;
  physical?: readonly number[];
  digital?: readonly number[];
  type: number;
  /** Stored samples, [record][sample]. */
  records: readonly (readonly number[])[];
}

interface GdfEvent {
  /** Counted from 1, as in the file. */
  position: number;
  type: number;
  duration?: number;
}

export interface GdfFile {
  version?: string;
  /** Bytes of the start field. */
  start?: Uint8Array;
  headerBytes?: number;
  records?: number;
  /** A fraction in s. */
  duration?: readonly number[];
  signals: readonly GdfSignal[];
  mode?: number;
  eventRate?: number;
  /** Absent for no event table. */
  events?: readonly GdfEvent[];
  /** Tags after the header of 2.x, padded to 256 bytes. */
  tags?: Uint8Array;
}

const number = (bytes: number, write: (view: DataView) => void) => {
  const view = new DataView(new ArrayBuffer(bytes));
  write(view);
  return new Uint8Array(view.buffer);
};
const u16 = (x: number) => number(2, (view) => view.setUint16(0, x, true));
const u24 = (x: number) => number(4, (view) => view.setUint32(0, x, true)).slice(0, 3);
const u32 = (x: number) => number(4, (view) => view.setUint32(0, x, true));
const i64 = (x: number) => number(8, (view) => view.setBigInt64(0, BigInt(x), true));
const f32 = (x: number) => number(4, (view) => view.setFloat32(0, x, true));
const f64 = (x: number) => number(8, (view) => view.setFloat64(0, x, true));

/** Encodes GDF 1.x or 2.x as specified. */
export function encodeGdf(file: GdfFile): Uint8Array {
  const { version = '1.25', signals, duration = [1, 1], tags = new Uint8Array(0) } = file;
  const old = Number(version) < 1.9;
  const count = signals.length;
  const records = signals.at(0)?.records.length ?? 0;
  const each = (of: (signal: GdfSignal) => Uint8Array) => signals.map(of);
  const more = 256 * Math.ceil(tags.length / 256);
  const digital = old ? i64 : f64;
  const headerBytes = file.headerBytes ?? 256 * (1 + count) + more;
  return join([
    field(`GDF ${version}`, 8),
    new Uint8Array(160),
    file.start ?? (old ? field('2012070619021600', 16) : number(16, (view) => view.setUint32(4, 735_056, true))),
    old ? i64(headerBytes) : join([u16(headerBytes / 256), new Uint8Array(6)]),
    new Uint8Array(44),
    i64(file.records ?? records),
    Number(version) < 2.21 ? join(duration.map(u32)) : f64(duration[0] / duration[1]),
    old ? u32(count) : join([u16(count), u16(0)]),
    ...each(({ label }) => field(label, 16)),
    ...each(({ transducer = '' }) => field(transducer, 80)),
    ...each(({ unit = 'uV' }) => field(unit, old ? 8 : 6)),
    ...(old ? [] : each(({ unitCode = 4275 }) => u16(unitCode))),
    ...each(({ physical }) => f64(physical?.[0] ?? -100)),
    ...each(({ physical }) => f64(physical?.[1] ?? 100)),
    ...each((signal) => digital(signal.digital?.[0] ?? -32768)),
    ...each((signal) => digital(signal.digital?.[1] ?? 32767)),
    ...each(() => new Uint8Array(80)),
    ...each((signal) => u32(signal.records.at(0)?.length ?? 0)),
    ...each(({ type }) => u32(type)),
    ...each(() => new Uint8Array(32)),
    tags,
    new Uint8Array(more - tags.length),
    ...Array.from({ length: records }, (_, record) =>
      signals.flatMap(({ type, records: own }) =>
        own[record].map((sample) => number(gdfTypes[type].bytes, (view) => gdfTypes[type].write(view, sample))),
      ),
    ).flat(),
    ...(file.events ? table(file, Number(version), file.events) : []),
  ]);
}

function table(file: GdfFile, version: number, events: readonly GdfEvent[]): Uint8Array[] {
  const { mode = 1, eventRate = 0 } = file;
  const head = version < 1.94 ? [u24(eventRate), u32(events.length)] : [u24(events.length), f32(eventRate)];
  return [
    Uint8Array.of(mode),
    ...head,
    ...events.map(({ position }) => u32(position)),
    ...events.map(({ type }) => u16(type)),
    ...(mode & 2 ? [...events.map(() => u16(0)), ...events.map((event) => u32(event.duration ?? 0))] : []),
    ...(mode & 4 ? events.map(() => i64(1)) : []),
  ];
}
