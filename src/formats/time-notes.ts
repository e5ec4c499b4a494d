import { frameCount, timeOf, type Block } from '../core/blocks/block.ts';
import type { Recording } from './recording.ts';

const earliest = Date.UTC(1971, 0);
const year = 366 * 86_400_000;
const shownSegments = 5;

/**
 * Sentences on the times of a recording: a start before 1971 or more than a year ahead, a text without a time zone, segments,
 * and more missing frames than present ones.
 *
 * @param now current time in ms since 1970
 */
export function timeNotes(recording: Recording, now: number): string[] {
  return [...startNotes(recording, now), ...segmentNotes(recording), ...lossNotes(recording)];
}

function startNotes(recording: Recording, now: number): string[] {
  const { format, undated, localTime } = recording;
  const start = recording.blocks.at(0)?.time ?? recording.time;
  if (undated) return [];
  const date = new Date(start).toISOString();
  const notes: string[] = [];
  if (start < earliest)
    notes.push(`The recording starts before 1971 (${date}): the clock of the device was probably not set.`);
  if (start > now + year)
    notes.push(`The recording starts more than a year ahead of the current time (${date}): check its clock.`);
  if (localTime && (format === 'csv' || format === 'openbci'))
    notes.push('The times have no time zone and are read as UTC.');
  return notes;
}

function segmentNotes({ blocks, segments = [], undated }: Recording): string[] {
  const origin = blocks.at(0)?.time ?? 0;
  const shown = segments.slice(0, shownSegments).flatMap((start, i) => {
    const at = blocks.findIndex((block) => block.start === start);
    if (at < 1) return [];
    const { time } = blocks[at];
    const pause = time - endOf(blocks[at - 1]);
    const when = undated ? `${secondsText(time - origin)} after the first frame` : `at ${new Date(time).toISOString()}`;
    const why = pause >= 0 ? `a pause of ${secondsText(pause)}` : `the time went back by ${secondsText(-pause)}`;
    return [`Segment ${i + 2} starts ${when}, after ${why}.`];
  });
  const more = segments.length - shownSegments;
  return more > 0 ? [...shown, `The recording has ${more} more segments.`] : shown;
}

function lossNotes({ frames, lost }: Recording): string[] {
  return lost > frames ? [`More frames are missing (${lost}) than present (${frames}).`] : [];
}

/** The time after the last frame of a block in ms. */
function endOf(block: Block): number {
  return timeOf(block, block.start + frameCount(block));
}

function secondsText(ms: number): string {
  return `${Number((ms / 1000).toPrecision(6))} s`;
}
