/**
 * Sample sources that need Node.js: recording files and the metrics of this computer.
 *
 * @module tapline/sources/node
 */

export { readRecordingFile } from './file.ts';
export type { ReadFileOptions } from './file.ts';
export { hostSource } from './host.ts';
export type { HostOptions, HostSource } from './host.ts';
