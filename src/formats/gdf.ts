import { positive } from '../core/check.ts';
import { byteReader, type ByteParser } from './byte-reader.ts';
import { channelsOf, chooseSignals } from './choose-signals.ts';
import { FrameCollector } from './frame-collector.ts';
import { gdfEvents, noEvents } from './gdf-events.ts';
import { gdfHeader } from './gdf-header.ts';
import { recordNotes, recordBytes, recordDecoder } from './signal.ts';
import type { ReadOptions, Recording, RecordingReader } from './recording.ts';

/**
 * Creates a reader of GDF 1.x and 2.x. `chooseSignals` selects the channels; samples are in physical units. The events of
 * the event table become marks (see `gdfEvents`). If the file ends before its last record, the complete records are kept,
 * and `notes` mentions what is missing. The reader throws an Error that names the wrong header field.
 */
export function gdfReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  return byteReader(gdf(options));
}

function* gdf(options: ReadOptions): ByteParser<Recording> {
  const header = yield* gdfHeader();
  const { signals, time } = header;
  const { selected, roles, clock, rate, notes } = chooseSignals(signals, header.duration, options);
  if (selected.length === 0) throw new Error('no signal of this GDF file contains samples');
  const decode = recordDecoder(signals, selected);
  const bytes = recordBytes(signals);
  const frames = new FrameCollector(selected.length, rate, time);
  let records = 0;
  let rest = 0;
  for (; records !== header.records; records++) {
    const record = yield bytes;
    rest = record.length % bytes;
    if (record.length < bytes) break;
    frames.add(decode(record));
  }
  const events = records === header.records ? yield* gdfEvents(header, clock) : noEvents;
  frames.endBlock();
  return {
    format: 'gdf',
    ...channelsOf(selected),
    rate,
    time,
    blocks: frames.blocks,
    frames: frames.frames,
    lost: 0,
    roles,
    marks: [...events.marks].sort((a, b) => a.at - b.at),
    notes: [...notes, ...recordNotes(header.records, records, rest, bytes), ...events.notes],
  };
}
