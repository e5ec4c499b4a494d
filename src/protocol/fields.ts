import * as v from 'valibot';
import { maxTime, maxRate, minRate } from './limits.ts';

/** A schema that validates unknown input and returns a T. */
export type Schema<T> = v.GenericSchema<unknown, T>;

const text = (rule: string) => v.pipe(v.string(rule), v.minLength(1, rule), v.maxLength(64, rule));
const integer = (min: number, max: number, rule: string) =>
  v.pipe(
    v.number(rule),
    v.check((n: number) => Number.isSafeInteger(n) && n >= min && n <= max, rule),
  );

/** An absolute frame index. */
export const index: Schema<number> = integer(0, Number.MAX_SAFE_INTEGER, 'an integer from 0 to 2^53 - 1');
/** A positive number of frames. */
export const count: Schema<number> = integer(1, Number.MAX_SAFE_INTEGER, 'an integer from 1 to 2^53 - 1');
/** The id of a subscription, chosen by the viewer. */
export const id: Schema<number> = integer(1, 0xffffffff, 'an integer from 1 to 2^32 - 1');
/** A position in a list. */
export const place: Schema<number> = integer(0, 0xffff, 'an integer from 0 to 65535');
/** The number of a run. */
export const run: Schema<number> = integer(0, 0xffffffff, 'an integer from 0 to 2^32 - 1');
/** Milliseconds since 1970, within the range of a Date. */
export const time: Schema<number> = v.pipe(
  v.number('ms since 1970'),
  v.check((ms: number) => Math.abs(ms) <= maxTime, 'ms since 1970, up to 8.64e15'),
);
const durationRule = 'a number >= 0 in ms';
/** A duration in ms. */
export const duration: Schema<number> = v.pipe(
  v.number(durationRule),
  v.check((ms: number) => ms >= 0 && ms <= maxTime, durationRule),
);
const rateRule = '0 or a number from 1e-6 to 1e9 in Hz';
/** Sampling rate in Hz; 0 = irregular. */
export const rate: Schema<number> = v.pipe(
  v.number(rateRule),
  v.check((hz: number) => hz === 0 || (hz >= minRate && hz <= maxRate), rateRule),
);
/** A name of a channel, map, unit, or event. */
export const label: Schema<string> = text('text of 1 to 64 characters');
/** A unit; may be empty. */
export const unit: Schema<string> = v.pipe(v.string('text'), v.maxLength(64, 'text of at most 64 characters'));

const nameRule = '1 to 64 characters of A-Z a-z 0-9 . _ -, not starting with a dot';
/** The name of a stream: safe in a path, a file name, and a web page. */
export const name: Schema<string> = v.pipe(
  v.string(nameRule),
  v.regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/, nameRule),
);

/** Label and unit of a channel. */
export interface ChannelInfo {
  /** Label of the channel, 1 to 64 characters. */
  label: string;
  /** Unit of the samples, such as µV; empty if unknown. */
  unit: string;
}
/** One channel of a stream. */
export const channel: Schema<ChannelInfo> = v.object({ label, unit }, 'given');
