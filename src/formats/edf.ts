import { invalid, positive } from '../core/check.ts';
import { byteReader, type ByteParser } from './byte-reader.ts';
import { channelsOf, chooseSignals } from './choose-signals.ts';
import { EdfAnnotations } from './edf-annotations.ts';
import { edfHeader } from './edf-header.ts';
import { FrameCollector } from './frame-collector.ts';
import { recordNotes, recordBytes, recordDecoder } from './signal.ts';
import type { ReadOptions, Recording, RecordingReader } from './recording.ts';
import { Triggers } from './triggers.ts';

/**
 * Creates a reader of EDF, EDF+, BDF, and BDF+. `chooseSignals` selects the channels; samples are in physical units.
 * Annotations become marks, and so do the triggers of a BDF Status signal, which is a channel only if `columns` names it.
 *
 *     time of frame 0 = start in the header + onset of the first record
 *     a record of EDF+D starts at frame round((its onset - that of the first) rate); a jump means missing frames
 *
 * Records are read to the end of the file, regardless of the number in the header; an incomplete last record is skipped.
 * `notes` mentions both. A file with annotations only is a recording without channels: `at` of its marks is in ms, or in
 * frames of the option `rate`. The reader throws an Error that names the wrong header field, or the wrong record of EDF+D.
 */
export function edfReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  return byteReader(edf(options));
}

function* edf(options: ReadOptions): ByteParser<Recording> {
  const header = yield* edfHeader();
  const { signals, duration } = header;
  const { selected, roles, clock, rate, notes } = chooseSignals(signals, duration, options);
  const decode = recordDecoder(signals, selected);
  const annotations = new EdfAnnotations(signals, clock);
  const triggers = new Triggers(signals);
  const bytes = recordBytes(signals);
  const length = (selected.at(0) ?? signals.find(({ content }) => content === 'triggers'))?.samples ?? 0;

  let record = yield bytes;
  const firstOnset = annotations.onsetOf(record) ?? 0;
  const time = header.time === undefined ? 0 : header.time + firstOnset * 1000;
  const frames = new FrameCollector(Math.max(1, selected.length), rate, time);
  let records = 0;
  for (let start = 0; record.length === bytes; start += length, record = yield bytes) {
    records++;
    if (header.discontinuous && length > 0) {
      const onset = checkOnset(records, annotations.onsetOf(record), firstOnset + start / clock, length / clock);
      const lost = Math.max(0, Math.round((onset - firstOnset) * clock) - start);
      frames.skip(lost);
      start += lost;
    }
    frames.add(decode(record));
    annotations.add(record);
    triggers.add(record, start, length);
  }
  frames.endBlock();
  const marks = [...annotations.marks(firstOnset, clock), ...triggers.marks()].sort((a, b) => a.at - b.at);
  return {
    format: header.format,
    ...channelsOf(selected),
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

/** The onset of a record of EDF+D in s. An overlap of less than half a record with the previous one is due to rounding. */
function checkOnset(record: number, onset: number | undefined, end: number, duration: number): number {
  if (onset === undefined)
    throw new Error(`record ${record} must contain its onset because the file is discontinuous (EDF+D)`);
  if (onset < end - duration / 2)
    throw invalid(`the onset of record ${record}`, `>= ${end} s, the end of the previous record`, onset);
  return onset;
}
