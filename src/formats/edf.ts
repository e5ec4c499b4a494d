import { invalid, positive } from '../core/check.ts';
import { byteReader } from './byte-reader.ts';
import type { ByteParser } from './byte-reader.ts';
import { channelsOf } from './choose-signals.ts';
import { chooseSignals } from './choose-signals.ts';
import { EdfAnnotations } from './edf-annotations.ts';
import { edfHeader } from './edf-header.ts';
import { FrameCollector } from './frame-collector.ts';
import { recordNotes } from './signal.ts';
import type { ReadOptions, Recording, RecordingReader } from './recording.ts';
import { recordBytes, recordDecoder } from './signal.ts';
import { Triggers } from './triggers.ts';

/**
 * Reads EDF, EDF+, BDF and BDF+. Channels, in their units: see `chooseSignals`. Annotations become marks, and so do the
 * triggers of a BDF Status signal, which is no channel unless `columns` name it.
 *
 *     time of frame 0 = start in the header + onset of the first record
 *     a record of EDF+D begins at frame round((its onset - that of the first) rate); where it jumps, frames are missing
 *
 * Records are read to the end of the file, whatever number of them the header says; one that the file ends in is left out.
 * `notes` tell both. A file of annotations only is a recording without channels: `at` of its marks is in ms, or in frames
 * of `rate` where that is given. Throws an Error that names the field of the header, or the record of EDF+D, that is wrong.
 */
export function edfReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  return byteReader(edf(options));
}

function* edf(options: ReadOptions): ByteParser<Recording> {
  const header = yield* edfHeader();
  const { signals, duration } = header;
  const { taken, roles, clock, rate, notes } = chooseSignals(signals, duration, options);
  const decode = recordDecoder(signals, taken);
  const annotations = new EdfAnnotations(signals, clock);
  const triggers = new Triggers(signals);
  const bytes = recordBytes(signals);
  const length = (taken.at(0) ?? signals.find(({ holds }) => holds === 'triggers'))?.samples ?? 0;

  let record = yield bytes;
  const begin = annotations.onsetOf(record) ?? 0;
  const time = header.time === undefined ? 0 : header.time + begin * 1000;
  const frames = new FrameCollector(Math.max(1, taken.length), rate, time);
  let records = 0;
  for (let start = 0; record.length === bytes; start += length, record = yield bytes) {
    records++;
    if (header.apart && length > 0) {
      const onset = checkOnset(records, annotations.onsetOf(record), begin + start / clock, length / clock);
      const lost = Math.max(0, Math.round((onset - begin) * clock) - start);
      frames.skip(lost);
      start += lost;
    }
    frames.add(decode(record));
    annotations.add(record);
    triggers.add(record, start, length);
  }
  frames.cut();
  const marks = [...annotations.marks(begin, clock), ...triggers.marks()].sort((a, b) => a.at - b.at);
  return {
    format: header.format,
    ...channelsOf(taken),
    rate,
    time,
    blocks: frames.blocks,
    frames: frames.frames,
    lost: frames.lost,
    roles,
    marks,
    notes: [
      ...header.notes,
      ...notes,
      ...annotations.notes(),
      ...recordNotes(header.records, records, record.length, bytes),
    ],
  };
}

/** When a record of EDF+D begins, in s. One that begins within the one before it by less than half of it was rounded. */
function checkOnset(record: number, onset: number | undefined, end: number, duration: number): number {
  if (onset === undefined) throw new Error(`record ${record} must tell when it begins, for records lie apart (EDF+D)`);
  if (onset < end - duration / 2)
    throw invalid(`the onset of record ${record}`, `>= ${end} s, where the one before it ends`, onset);
  return onset;
}
