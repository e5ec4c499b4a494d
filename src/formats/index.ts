export { csvReader, csvWriter, readCsv } from './csv.ts';
export type { CsvWriter } from './csv.ts';
export { openbciReader, readOpenbci } from './openbci.ts';
export { readRecording, recordingReader } from './recording.ts';
export type { Channel, ReadOptions, Recording, RecordingReader } from './recording.ts';
