import { withCommas } from './brainvision-header.ts';
import { iniSections } from './ini.ts';
import type { RecordedMark } from '../recording.ts';
import { defaultMaxGap } from '../segments.ts';

/** A marker of a BrainVision recording. */
interface Marker {
  readonly type: string;
  readonly description: string;
  /** Index of its first frame in the file, from 0; of a recording that was resampled, perhaps a fraction. */
  readonly position: number;
  /** Number of frames. */
  readonly size: number;
  /** Local time of the position in ms since 1970, read as UTC; NaN if it is unknown. */
  readonly date: number;
}

/** A part of the recording, from a frame of the file on. */
export interface Part {
  /** Index of its first frame in the file, from 0. */
  readonly position: number;
  /** Index of its first frame in the recording, where frames are missing before later parts. */
  readonly start: number;
  /** Time of its first frame in ms. */
  readonly time: number;
  /** Whether it begins a new segment. */
  readonly isSegment: boolean;
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
  /** Parts of the recording, in order; the first one contains frame 0. */
  readonly parts: readonly Part[];
  /** Whether the start is known. */
  readonly isDated: boolean;
  readonly notes: readonly string[];
  readonly #rate: number;
  readonly #markers: readonly Marker[];

  /**
   * @param text content of the marker file
   * @param rate sampling rate in Hz
   * @param maxGap longest gap in s; a longer one begins a new segment
   */
  constructor(text: string, rate: number, maxGap: number = defaultMaxGap) {
    const entries = [...(iniSections(text).get('marker infos') ?? [])].filter(([key]) => /^mk\d+$/.test(key));
    const read = entries.map(([, entry]) => markerOf(entry));
    const malformed = entries.filter((_, i) => !read[i]).map(([key, entry]) => `${key}=${entry}`);
    this.#rate = rate;
    this.#markers = read.filter((marker) => marker !== undefined);
    const dated = this.#markers
      .filter(({ type, date }) => isSegment(type) && !Number.isNaN(date))
      .sort((a, b) => a.position - b.position);
    const first = dated.at(0);
    this.isDated = first !== undefined;
    const time = first ? first.date - (first.position * 1000) / rate : 0;
    const parts: Part[] = [{ position: 0, start: 0, time, isSegment: false }];
    let overlaps = 0;
    for (const { position, date } of dated.slice(1)) {
      const expected = timeIn(parts[parts.length - 1], position, rate);
      const lost = Math.round(((date - expected) * rate) / 1000);
      if (lost < -1) overlaps++;
      if (lost <= 0) continue;
      const isSegment = date - expected > maxGap * 1000;
      const start = Math.round(frameIn(parts[parts.length - 1], position)) + (isSegment ? 1 : lost);
      parts.push({ position, start, time: date, isSegment });
    }
    this.parts = parts;
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
      .map(({ type, description, position, size }) => {
        const part = this.parts.findLast((each) => each.position <= position) ?? this.parts[0];
        return {
          at: Math.round(frameIn(part, position)),
          time: timeIn(part, position, this.#rate),
          label: description || type,
          ...(size > 1 && { frames: size, duration: (size * 1000) / this.#rate }),
        };
      })
      .sort((a, b) => a.time - b.time);
  }
}

const frameIn = (part: Part, position: number) => part.start + position - part.position;
const timeIn = (part: Part, position: number, rate: number) => part.time + ((position - part.position) * 1000) / rate;

const isSegment = (type: string) => /^New Segment$/i.test(type);

/** A number, such as a position; after resampling, some writers use fractions and exponents. */
const number = /^\s*\d+(\.\d*)?(e[+-]?\d+)?\s*$/i;

function markerOf(entry: string): Marker | undefined {
  const fields = entry.split(',');
  // Some writers do not escape commas in descriptions; then position, size, and channel are the last three before a date.
  const last = fields.length - (/^\d{14,}$/.test(fields[fields.length - 1].trim()) ? 4 : 3);
  const at = [2, last].find((place) => place >= 2 && number.test(fields.at(place) ?? ''));
  if (at === undefined) return undefined;
  const [position, size = '', , date = ''] = fields.slice(at);
  return {
    type: withCommas(fields[0]).trim(),
    description: withCommas(fields.slice(1, at).join(',')).trim(),
    position: Math.max(1, Number(position)) - 1,
    size: number.test(size) ? Math.round(Number(size)) : 1,
    date: dateOf(date.trim()),
  };
}

function dateOf(digits: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d{6})$/.exec(digits);
  if (!parts) return NaN;
  const [year, month, day, hour, minute, second, micros] = parts.slice(1).map(Number);
  const time = Date.UTC(year, month - 1, day, hour, minute, second);
  const read = new Date(time);
  const exists = year > 0 && read.getUTCMonth() === month - 1 && read.getUTCDate() === day && hour < 24;
  return exists ? time + micros / 1000 : NaN;
}
