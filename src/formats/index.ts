/**
 * File formats of recordings: readers of CSV, OpenBCI text, EDF, BDF, GDF, XDF, BrainVision, and WFDB, and a writer of CSV.
 *
 * @module tapline/formats
 */

export { brainvisionReader } from './brainvision/brainvision.ts';
export type { ChannelType } from './channel-type.ts';
export { csvReader, csvWriter, readCsv } from './csv/csv.ts';
export type { CsvWriter } from './csv/csv.ts';
export type { CsvWriterOptions, TimedEvent } from './csv/csv-writer.ts';
export { edfReader } from './edf/edf.ts';
export { gdfReader } from './gdf/gdf.ts';
export { openbciReader, readOpenbci } from './openbci/openbci.ts';
export { readRecording, recordingReader } from './read-recording.ts';
export { MissingRateError, ReadingError } from './recording.ts';
export type {
  Channel,
  CompanionFile,
  ReadOptions,
  ReadingOption,
  RecordedMark,
  Recording,
  RecordingReader,
  TextEncoding,
} from './recording.ts';
export { wfdbReader } from './wfdb/wfdb.ts';
export { xdfReader } from './xdf/xdf.ts';
