import { from } from 'rxjs';
import { type Section, Whitener } from 'tapline';
import { fillGaps, iir, standardize } from 'tapline/operators';
import { readRecordingFile } from 'tapline/sources/node';

/** Frequencies of the lights in Hz. */
export const lights = [13, 21, 17];
/** The kind of a trial without a light. Lights are kinds 0, 1, 2. */
export const rest = lights.length;
/** Time from the cue to the light in seconds. */
export const cue = 0.5;
/** Time constant of the running statistics in seconds. */
export const memory = 60;

const kinds: Record<string, number> = { '0x8101': 0, '0x8102': 1, '0x8103': 2, '0x8100': rest };

/** One trial: what the person looked at, and the frames at which the lights start and end. */
export interface Trial {
  kind: number;
  start: number;
  end: number;
}

/** A part of a trial, [channel][frame]. */
export type Signal = readonly Float64Array[];

/** A recording and its trials in order. */
export type Session = Awaited<ReturnType<typeof readSession>>;

export async function readSession(file: string) {
  const recording = await readRecordingFile(file);
  const { rate, frames, blocks } = recording;
  const trials: Trial[] = [];
  let cued = rest;
  for (const { label, at } of recording.marks ?? []) {
    cued = kinds[label] ?? cued;
    if (label === '0x800b') trials.push({ kind: cued, start: at, end: at });
    else if (label === '0x800c') trials[trials.length - 1].end = at;
  }
  return { rate, frames, channels: recording.channels.length, blocks, trials };
}

/**
 * The filtered stream, [frames, channels], standardized first and optionally whitened last. Each frame depends on earlier frames
 * only.
 */
export function preprocess(session: Session, filters: Section[], { whiten = false } = {}): Float32Array {
  const { rate, frames, channels, blocks } = session;
  const whitener = new Whitener({ channels, frames: memory * rate });
  const x = new Float32Array(frames * channels);
  from(blocks)
    .pipe(fillGaps(), standardize({ tau: memory }), iir(filters))
    .subscribe(({ data, start, valid }) => x.set(whiten ? whitener.push(data, valid) : data, start * channels));
  return x;
}

/** The part of a preprocessed stream from `begin` on, [channel][length]. */
export function cut(x: Float32Array, channels: number, begin: number, length: number): Signal {
  return Array.from({ length: channels }, (_, c) =>
    Float64Array.from({ length }, (_, t) => x[(begin + t) * channels + c]),
  );
}
