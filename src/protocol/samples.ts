/** Frames of a sensor, whichever way they were written; what is absent is as expected. */
export interface Samples {
  type: 'samples';
  /** [frames, channels]; NaN where a sample is missing. */
  data: Float32Array;
  channels: number;
  start?: number;
  time?: number;
  valid?: Uint8Array;
  /** What a foreign epoch or a binary header says of the stream. */
  rate?: number;
  labels?: string[];
}
