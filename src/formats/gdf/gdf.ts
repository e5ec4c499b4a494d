import { positive } from '../../core/check.ts';
import { type ByteParser, byteReader } from '../byte-reader.ts';
import { channelsOf, chooseSignals } from '../choose-signals.ts';
import { FrameCollector } from '../frame-collector.ts';
import { gdfHeader, type GdfHeader } from './gdf-header.ts';
import { RecordClock, type TimedEvent } from '../edf/record-clock.ts';
import type { ReadOptions, Recording, RecordingReader } from '../recording.ts';
import { recordBytes, recordDecoder, recordNotes } from '../signal.ts';

/**
 * Creates a reader of GDF 1.x and 2.x. `chooseSignals` selects the channels; samples are in physical units. The events of
 * the event table become marks (see `gdfEvents`). If the file ends before its last record, the complete records are kept,
 * and `notes` mentions what is missing. A file with events only is a recording without channels. The reader throws an Error
 * that names the wrong header field.
 */
export function gdfReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  return byteReader(gdf(options));
}

function* gdf(options: ReadOptions): ByteParser<Recording> {
  const header = yield* gdfHeader();
  const { signals, time } = header;
  const { selected, roles, clock, rate, notes } = chooseSignals(signals, header.duration, options);
  const decode = recordDecoder(signals, selected);
  const bytes = recordBytes(signals);
  const frames = new FrameCollector(Math.max(1, selected.length), rate, time ?? 0);
  let records = 0;
  let rest = 0;
  for (; bytes > 0 && records !== header.records; records++) {
    const record = yield bytes;
    rest = record.length % bytes;
    if (record.length < bytes) break;
    frames.add(decode(record));
  }
  const complete = bytes === 0 || records === header.records;
  const { events, notes: eventNotes } = complete ? yield* gdfEvents(header, selected.length > 0 ? clock : 0) : noEvents;
  if (selected.length === 0 && events.length === 0) throw new Error('no signal of this GDF file contains samples');
  const times = new RecordClock({ onsets: [0], starts: [0] }, clock, rate, time);
  return {
    format: 'gdf',
    ...channelsOf(selected),
    rate,
    rateSource: options.rate === undefined ? 'header' : 'options',
    time: times.start,
    ...(time === undefined && { undated: true }),
    localTime: true,
    ...frames.end(),
    roles,
    marks: events.map((event) => times.markOf(event)).sort((a, b) => a.time - b.time),
    notes: [
      ...(time === undefined ? ['The start of the recording is unknown: the header contains no valid date.'] : []),
      ...notes,
      ...(bytes > 0 ? recordNotes(header.records, records, rest, bytes) : []),
      ...eventNotes,
    ],
  };
}

/** The events of a file, with notes on those that could not be read. */
export interface GdfEvents {
  readonly events: readonly TimedEvent[];
  readonly notes: readonly string[];
}

export const noEvents: GdfEvents = { events: [], notes: [] };

/** The event type of samples of signals without a rate, which are also in the event table. */
const sparseSample = 0x7fff;

/**
 * Parses the event table after the records of a GDF file. The label of a mark is the name of its type in the header, or else
 * the code in hex as in the list of event codes: '0x0300' is the start of a trial; codes with 0x8000 are ends. The channel
 * of an event is ignored.
 *
 *     uint8 mode, uint24 rate, uint32 n (from 1.94 on: uint24 n, float32 rate)
 *     n uint32 positions, counted from 1; n uint16 types
 *     mode & 2: n uint16 channels, n uint32 durations; mode & 4: times, which are ignored
 *
 * Positions and durations are in samples at the rate of the table; if it is 0, at `clock`, the frames per second of the
 * file, or 0 if it has no frames. A table that cannot be read is mentioned in a note.
 */
export function* gdfEvents({ version, names }: GdfHeader, clock: number): ByteParser<GdfEvents> {
  const head = yield 8;
  if (head.length === 0) return noEvents;
  if (head.length < 8) return skipped('it ends within its header');
  const view = new DataView(head.buffer, head.byteOffset);
  const mode = view.getUint8(0);
  if (mode % 2 === 0 || mode > 7) return skipped(`its mode must be 1, 3, 5, or 7, got ${mode}`);
  const low = view.getUint16(1, true) + view.getUint8(3) * 65536;
  const [rate, count] = version < 1.94 ? [low, view.getUint32(4, true)] : [view.getFloat32(4, true), low];
  const bytes = count * (mode & 2 ? 12 : 6);
  const table = yield bytes;
  if (table.length < bytes) return skipped(`the file contains ${table.length} of its ${bytes} bytes`);
  const events = eventsOf(table, count, names);
  const sampled = rate > 0 ? rate : clock;
  if (sampled === 0) return skipped('it has no sampling rate, and the file has no samples');
  return {
    events: events.map(({ position, samples, text }) => ({
      onset: position / sampled,
      duration: samples / sampled,
      text,
    })),
    notes: [],
  };
}

/** The events of a table; positions are from 0. */
function eventsOf(table: Uint8Array, count: number, names: readonly string[]) {
  const view = new DataView(table.buffer, table.byteOffset);
  return Array.from({ length: count }, (_, i) => {
    const type = view.getUint16(4 * count + 2 * i, true);
    const text = names.at(type) || `0x${type.toString(16).padStart(4, '0')}`;
    const samples = table.length > 6 * count ? view.getUint32(8 * count + 4 * i, true) : 0;
    return { type, position: Math.max(1, view.getUint32(4 * i, true)) - 1, samples, text };
  }).filter(({ type }) => type !== sparseSample);
}

function skipped(reason: string): GdfEvents {
  return { events: [], notes: [`The event table is skipped: ${reason}.`] };
}
