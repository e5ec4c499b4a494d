import { withCommas } from './brainvision-header.ts';
import { iniSections } from './ini.ts';
import type { RecordedMark } from './recording.ts';

/** A marker of a BrainVision recording. */
interface Marker {
  readonly type: string;
  readonly description: string;
  /** Index of its first frame in the file, from 0. */
  readonly position: number;
  /** Number of frames. */
  readonly size: number;
  /** Local time of the position in ms since 1970, read as UTC; NaN if it is unknown. */
  readonly date: number;
}

/** Missing frames before a frame of the file. */
export interface Pause {
  readonly position: number;
  readonly lost: number;
}

/**
 * The markers of a BrainVision recording. The marker `New Segment` is where the recording began or continued, with its date:
 *
 *     Mk1=New Segment,,1,1,0,20240102101112345678     <type>,<description>,<position from 1>,<size>,<channel>[,<date>]
 *     Mk2=Stimulus,S  1,3,1,0                          date: YYYYMMDDhhmmss and µs, in local time
 *
 * Frames are missing where the date of a later segment is after the end of the previous one. Other markers become marks,
 * labeled with the description, or else the type; so do later segments.
 */
export class BrainvisionMarkers {
  /** Pauses of the recording, in order. */
  readonly pauses: readonly Pause[];
  /** Time of frame 0 in ms; 0 if it is unknown. */
  readonly time: number;
  readonly notes: readonly string[];
  readonly #markers: readonly Marker[];

  /**
   * @param text content of the marker file
   * @param rate sampling rate in Hz
   */
  constructor(text: string, rate: number) {
    const entries = [...(iniSections(text).get('marker infos') ?? [])].filter(([key]) => /^mk\d+$/.test(key));
    const read = entries.map(([, entry]) => markerOf(entry));
    const malformed = entries.filter((_, i) => !read[i]).map(([key, entry]) => `${key}=${entry}`);
    this.#markers = read.filter((marker) => marker !== undefined);
    const dated = this.#markers
      .filter(({ type, date }) => isSegment(type) && !Number.isNaN(date))
      .sort((a, b) => a.position - b.position);
    const first = dated.at(0);
    this.time = first ? first.date - (first.position * 1000) / rate : 0;
    const steps = dated.slice(1).map((segment, i) => {
      const { position, date } = dated[i];
      const elapsed = ((segment.date - date) * rate) / 1000;
      return { position: segment.position, lost: Math.round(elapsed) - (segment.position - position) };
    });
    this.pauses = steps.filter(({ lost }) => lost > 0);
    const overlaps = steps.filter(({ lost }) => lost < -1).length;
    this.notes = [
      ...(first ? [] : ["The start of the recording is unknown: no marker 'New Segment' contains a date."]),
      ...(overlaps > 0
        ? [`Segments that begin before the previous one ends: ${overlaps}. Their dates are ignored.`]
        : []),
      ...(malformed.length > 0
        ? [`Malformed markers are skipped: ${malformed.length}. The first one: '${malformed[0].slice(0, 60)}'.`]
        : []),
    ];
  }

  /** The markers as marks, in order. */
  marks(): RecordedMark[] {
    const first = this.#markers.find(({ type }) => isSegment(type));
    return this.#markers
      .filter((marker) => marker !== first)
      .map(({ type, description, position, size }) => ({
        at: position + this.#lostBefore(position),
        label: description || type,
        ...(size > 1 && { frames: size }),
      }))
      .sort((a, b) => a.at - b.at);
  }

  #lostBefore(position: number): number {
    return this.pauses.reduce((sum, pause) => sum + (pause.position <= position ? pause.lost : 0), 0);
  }
}

const isSegment = (type: string) => /^New Segment$/i.test(type);

function markerOf(entry: string): Marker | undefined {
  const [type, description = '', position = '', size = '', , date = ''] = entry.split(',');
  if (!/^\s*\d{1,15}\s*$/.test(position)) return undefined;
  return {
    type: withCommas(type).trim(),
    description: withCommas(description).trim(),
    position: Math.max(1, Number(position)) - 1,
    size: /^\s*\d{1,15}\s*$/.test(size) ? Number(size) : 1,
    date: dateOf(date.trim()),
  };
}

function dateOf(digits: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{6})$/.exec(digits);
  if (!parts) return NaN;
  const [year, month, day, hour, minute, second, micros] = parts.slice(1).map(Number);
  return year === 0 || month === 0 || month > 12
    ? NaN
    : Date.UTC(year, month - 1, day, hour, minute, second) + micros / 1000;
}
