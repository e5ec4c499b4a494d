export { readRecordingFile } from './file.ts';
export type { ReadFileOptions } from './file.ts';
export { hostSource } from './host.ts';
export type { HostOptions, HostSource } from './host.ts';
