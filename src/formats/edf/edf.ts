import { positive } from '../../core/check.ts';
import { byteReader, type ByteParser } from '../byte-reader.ts';
import { channelsOf, chooseSignals } from '../choose-signals.ts';
import { EdfAnnotations } from './edf-annotations.ts';
import { edfHeader } from './edf-header.ts';
import { FrameCollector } from '../frame-collector.ts';
import { maxOnset, noRecords, recordTimes } from './record-times.ts';
import { RecordClock } from './record-clock.ts';
import { recordNotes, recordBytes, recordDecoder } from '../signal.ts';
import type { ReadOptions, Recording, RecordingReader } from '../recording.ts';
import { Triggers } from './triggers.ts';

/**
 * Creates a reader of EDF, EDF+, BDF, and BDF+. `chooseSignals` selects the channels; samples are in physical units.
 * Annotations become marks, and so do the triggers of a BDF Status signal, which is a channel only if `columns` names it.
 * The records are where their onsets are (see `recordTimes`):
 *
 *     time of frame 0 = start in the header + onset of the first record
 *
 * Records are read to the end of the file, regardless of the number in the header; an incomplete last record is skipped.
 * `notes` mentions both. A file with annotations only is a recording without channels, which starts at the start in the
 * header: `at` of its marks is in ms, or in frames of the option `rate`. The reader throws an Error that names the wrong
 * header field, or the wrong record of EDF+D.
 */
export function edfReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  return byteReader(edf(options));
}

function* edf(options: ReadOptions): ByteParser<Recording> {
  const header = yield* edfHeader();
  const { signals } = header;
  const hasOnsets = signals.some(({ content }) => content === 'annotations');
  const discontinuous = header.discontinuous && hasOnsets;
  const { maxGap } = options;
  const { selected, roles, clock, rate, notes } = chooseSignals(signals, header.duration, options);
  const decode = recordDecoder(signals, selected);
  const annotations = new EdfAnnotations(signals, maxOnset(clock));
  const triggers = new Triggers(signals);
  const bytes = recordBytes(signals);
  const length = (selected.at(0) ?? signals.find(({ content }) => content === 'triggers'))?.samples ?? 0;

  const onsets: (number | undefined)[] = [];
  const decoded: Float32Array[] = [];
  let record = yield bytes;
  for (; record.length === bytes; record = yield bytes) {
    onsets.push(annotations.add(record));
    decoded.push(decode(record).slice());
    triggers.add(record);
  }
  const cut = recordNotes(header.records, onsets.length, record.length, bytes);
  const duration = length / clock;
  const records = length > 0 ? recordTimes({ onsets, frames: length, duration, discontinuous, maxGap }) : noRecords;
  const times = new RecordClock(records, clock, rate, header.time);
  const frames = new FrameCollector(Math.max(1, selected.length), rate, times.start);
  for (const [i, start] of records.starts.entries()) {
    const time = times.timeOf(records.onsets[i]);
    if (records.segments.includes(start)) frames.startSegment(time);
    frames.skip(start - frames.next);
    frames.setClock(time, Math.max(0.5, 1000 * records.jitter));
    frames.add(decoded[i]);
    decoded[i] = new Float32Array(0);
  }
  return {
    format: header.format,
    ...channelsOf(selected),
    rate,
    rateSource: options.rate === undefined ? 'header' : 'options',
    time: times.start,
    ...(header.time === undefined && { undated: true }),
    localTime: true,
    ...frames.end(),
    roles,
    marks: [...annotations.annotations, ...triggers.events(records, length, duration)]
      .map((event) => times.markOf(event))
      .sort((a, b) => a.time - b.time),
    notes: [
      ...header.notes,
      ...notes,
      ...(header.discontinuous && !hasOnsets
        ? ['The header marks the file as discontinuous, but its records contain no onsets: gaps are unknown.']
        : []),
      ...records.notes,
      ...annotations.notes(),
      ...cut,
    ],
  };
}
