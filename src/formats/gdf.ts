import { positive } from '../core/check.ts';
import { byteReader } from './byte-reader.ts';
import type { ByteParser } from './byte-reader.ts';
import { channelsOf } from './choose-signals.ts';
import { chooseSignals } from './choose-signals.ts';
import { FrameCollector } from './frame-collector.ts';
import { gdfEvents, noEvents } from './gdf-events.ts';
import { gdfHeader } from './gdf-header.ts';
import { recordNotes } from './signal.ts';
import type { ReadOptions, Recording, RecordingReader } from './recording.ts';
import { recordBytes, recordDecoder } from './signal.ts';

/**
 * Reads GDF 1.x and 2.x. Channels, in their units: see `chooseSignals`. The event table becomes marks: see `gdfEvents`.
 * Where the file ends before its last record, the whole records are kept, and `notes` tell what is missing.
 * Throws an Error that names the field of the header that is wrong.
 */
export function gdfReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  return byteReader(gdf(options));
}

function* gdf(options: ReadOptions): ByteParser<Recording> {
  const header = yield* gdfHeader();
  const { signals, time } = header;
  const { taken, roles, clock, rate, notes } = chooseSignals(signals, header.duration, options);
  if (taken.length === 0) throw new Error('no signal of this GDF file holds samples');
  const decode = recordDecoder(signals, taken);
  const bytes = recordBytes(signals);
  const frames = new FrameCollector(taken.length, rate, time);
  let records = 0;
  let left = 0;
  for (; records !== header.records; records++) {
    const record = yield bytes;
    left = record.length % bytes;
    if (record.length < bytes) break;
    frames.add(decode(record));
  }
  const events = records === header.records ? yield* gdfEvents(header, clock) : noEvents;
  frames.cut();
  return {
    format: 'gdf',
    ...channelsOf(taken),
    rate,
    time,
    blocks: frames.blocks,
    frames: frames.frames,
    lost: 0,
    roles,
    marks: [...events.marks].sort((a, b) => a.at - b.at),
    notes: [...notes, ...recordNotes(header.records, records, left, bytes), ...events.notes],
  };
}
