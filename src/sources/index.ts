/**
 * Sample sources for Node.js and browsers, and `publish`, which sends them to a server.
 *
 * @module tapline/sources
 */

/** @deprecated Import these from `tapline/formats`. */
export { readRecording, recordingReader } from '../formats/read-recording.ts';
/** @deprecated Import these from `tapline/formats`. */
export type { Channel, ReadOptions, RecordedMark, Recording, RecordingReader } from '../formats/recording.ts';
/** @deprecated Import it from `tapline/formats`. */
export { csvWriter } from '../formats/csv/csv-writer.ts';
/** @deprecated Import it from `tapline/formats`. */
export type { CsvWriter } from '../formats/csv/csv-writer.ts';
export { systemClock } from './clock.ts';
export type { Clock } from './clock.ts';
export type { EegEvent } from './eeg/behavior.ts';
export { eegChannels, EegSimulator } from './eeg/simulator.ts';
export type { EegOptions, SimulatedEeg } from './eeg/simulator.ts';
export { eegSource, simulateEeg } from './eeg/source.ts';
export type { EegSourceOptions } from './eeg/source.ts';
export { publish } from './publish.ts';
export type { BlockSource, PublishEvent, PublishOptions, SensorInfo } from './publish.ts';
export type { WarningMessage } from '../protocol/ingest-reply.ts';
export type { ClockKind, Gap, Mark } from '../protocol/ingest.ts';
export type { Ack, Welcome } from '../protocol/ingest-reply.ts';
export type { Limits } from '../protocol/limits.ts';
export { replay } from './replay.ts';
export type { ReplayOptions, ReplayWait } from './replay.ts';
