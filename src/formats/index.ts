export { csvReader, csvWriter, readCsv } from './csv.ts';
export type { CsvWriter } from './csv.ts';
export { edfReader } from './edf.ts';
export { gdfReader } from './gdf.ts';
export { openbciReader, readOpenbci } from './openbci.ts';
export { readRecording, recordingReader } from './read-recording.ts';
export type { Channel, ReadOptions, RecordedMark, Recording, RecordingReader } from './recording.ts';
