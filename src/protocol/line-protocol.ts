import { toMs, type TimeUnit } from '../core/blocks/time-unit.ts';
import { show } from './check-message.ts';
import type { Limits } from './limits.ts';
import { namedFrame } from './named-samples.ts';
import { numbered } from './numbered.ts';
import { ProtocolError } from './protocol-error.ts';
import { limitChannels, type Samples } from './samples.ts';
import { readStamp, type Stamp } from './stamp.ts';

/** Points of one series of the InfluxDB line protocol. */
export interface SeriesFrames {
  /** Measurement and tags as written, such as `weather,location=us`. */
  series: string;
  samples: Samples[];
}

/** One point. */
interface Point {
  series: string;
  fields: [string, unknown][];
  stamp: Stamp | undefined;
}

/** Text up to the first of some characters that is not escaped. */
const upTo = (ends: string): RegExp => new RegExp(`(?:\\\\[^]|[^\\\\${ends}])*`, 'y');
const [measurementEnd, keyEnd, tagEnd, plainEnd] = [upTo(', '), upTo('=, '), upTo(', '), upTo(', ')];
const quoted = /"((?:\\[^]|[^"\\])*)"/y;

/**
 * Parses InfluxDB line protocol, `weather,location=us temperature=82,humidity=71i 1465839830100400200`, one frame per line.
 * Fields are channels; text is ignored, and booleans are 1 and 0. Lines of the same time are one frame. All lines must have
 * the same measurement and tags.
 * @param precision unit of the times; default: recognized by their size
 */
export function readLineProtocol(text: string, limits: Limits, precision?: TimeUnit): SeriesFrames {
  const points = text.split('\n').flatMap((line, i) => {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) return [];
    return [numbered(`line ${i + 1}`, () => new PointReader(trimmed).point(precision))];
  });
  if (points.length === 0) throw new ProtocolError('bad-message', 'body must contain at least one line, got none');
  const [{ series }] = points;
  const other = points.find((point) => point.series !== series);
  if (other) throw otherSeries(series, other.series);
  return {
    series,
    samples: merged(points, limits.maxChannels).map(({ fields, stamp }) => namedFrame(fields, stamp, limits)),
  };
}

/** The reason why a stream cannot contain another series. */
export function otherSeries(series: string, other: string): ProtocolError {
  return new ProtocolError(
    'bad-message',
    `measurement and tags must be ${show(series)} in all lines of this stream, got ${show(other)}; send each series to its own stream`,
  );
}

/** Joins successive points of the same time that have different fields, up to the maximum number of channels. */
function merged(points: readonly Point[], maxChannels: number): Point[] {
  const frames: Point[] = [];
  let names = new Set<string>();
  for (const point of points) {
    const last = frames.at(-1);
    const isSame = last?.stamp !== undefined && point.stamp?.time === last.stamp.time;
    if (isSame && point.fields.every(([name]) => !names.has(name))) {
      for (const field of point.fields) last.fields.push(field);
    } else {
      names = new Set();
      frames.push({ ...point, fields: [...point.fields] });
    }
    for (const [name] of point.fields) names.add(name);
    limitChannels(names.size, maxChannels);
  }
  return frames;
}

/** Reads one line. */
class PointReader {
  readonly #line: string;
  #at = 0;

  constructor(line: string) {
    this.#line = line;
  }

  point(precision: TimeUnit | undefined): Point {
    const measurement = this.#take(measurementEnd);
    if (measurement === '') throw this.#expected('a measurement');
    const tags: string[] = [];
    while (this.#skip(',')) tags.push(`${this.#key('a tag')}=${this.#take(tagEnd)}`);
    if (!this.#skip(' ')) throw this.#expected('a space and fields, such as temperature=21.5');
    while (this.#skip(' '));
    const fields: [string, unknown][] = [];
    do fields.push([this.#key('a field'), this.#value()]);
    while (this.#skip(','));
    while (this.#skip(' '));
    const rest = this.#line.slice(this.#at);
    const series = [measurement, ...tags.sort()].join(',');
    return { series, fields, stamp: rest === '' ? undefined : stampOf(rest, precision) };
  }

  #key(what: string): string {
    const key = this.#take(keyEnd);
    if (key === '' || !this.#skip('=')) throw this.#expected(`${what} like name=value`);
    return key;
  }

  #value(): unknown {
    quoted.lastIndex = this.#at;
    const found = quoted.exec(this.#line);
    if (found) {
      this.#at = quoted.lastIndex;
      return `"${found[1]}`;
    }
    const start = this.#at;
    const written = this.#take(plainEnd);
    if (/^(t|true)$/i.test(written)) return true;
    if (/^(f|false)$/i.test(written)) return false;
    if (/^[+-]?\d+[iu]?$|^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(written))
      return Number(written.replace(/[iu]$/, ''));
    this.#at = start;
    throw this.#expected('a number, a boolean, or text in double quotes');
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ''] = pattern.exec(this.#line) ?? [];
    this.#at += found.length;
    return found.replace(/\\([,= \\"])/g, '$1');
  }

  #skip(character: string): boolean {
    if (this.#line[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expected(what: string): ProtocolError {
    const got = this.#line.slice(this.#at, this.#at + 40);
    const place = `at character ${this.#at + 1}`;
    return new ProtocolError(
      'bad-message',
      `line protocol must have ${what} ${place}, got ${got === '' ? 'the end of the line' : `'${got}'`}`,
    );
  }
}

function stampOf(text: string, precision: TimeUnit | undefined): Stamp {
  if (!/^-?\d+$/.test(text)) throw new ProtocolError('bad-time', `time must be an integer, got ${show(text)}`);
  if (precision === undefined) return readStamp('time', Number(text));
  return { time: toMs(Number(text), precision), timeUnit: 'ms' };
}
