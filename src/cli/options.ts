import type { EventEmitter } from 'node:events';
import { InvalidArgumentError, Option, type CommandUnknownOpts } from '@commander-js/extra-typings';
import type { GapPolicy } from '../core/blocks/gap-filler.ts';
import { checkFalseAlarms, type FalseAlarms } from '../core/detector/alarm-budget.ts';

/** Parses a number > 0; `unit` is named in the error. */
export function positiveNumber(unit = ''): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value > 0 && value < Infinity))
      throw new InvalidArgumentError(`It must be a number > 0${unit && ` in ${unit}`}.`);
    return value;
  };
}

/** Parses a number >= 0. */
export function nonNegativeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < Infinity))
    throw new InvalidArgumentError('It must be a number >= 0.');
  return value;
}

/** Parses an integer from `min` to `max`. */
export function integerFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(
        max === Number.MAX_SAFE_INTEGER
          ? `It must be an integer >= ${min}.`
          : `It must be an integer from ${min} to ${max}.`,
      );
    return value;
  };
}

/** Parses `auto`, or another value. */
export function orAuto<T>(parse: (text: string) => T): (text: string) => T | 'auto' {
  return (text) => {
    if (text === 'auto') return text;
    try {
      return parse(text);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      throw new InvalidArgumentError(error.message.replace(/\.$/, ", or 'auto'."));
    }
  };
}

/** Parses a playback speed: a number > 0, or `max` for Infinity. */
export function playbackSpeed(text: string): number {
  if (text === 'max') return Infinity;
  const value = Number(text);
  if (text.trim() === '' || !(value > 0)) throw new InvalidArgumentError("It must be a number > 0, or 'max'.");
  return value;
}

/** Parses a comma-separated list of names, column numbers counted from 1, and ranges such as 2-9. */
export function list(text: string): (string | number)[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.some((part) => part === ''))
    throw new InvalidArgumentError('It must be a comma-separated list of column names or numbers.');
  return parts.map((part) => (/^[1-9]\d*$/.test(part) ? Number(part) : part));
}

/** Collects the values of an option that can be repeated. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** Flags, description, and parser of an option, as the arguments of `Command.option`. */
type SharedOption<Flags extends string, T> = readonly [flags: Flags, description: string, parse: (text: string) => T];

/** `--standardize` of every command that runs a network on a recording. */
export const standardizeOption: SharedOption<'--standardize <seconds>', number> = [
  '--standardize <seconds>',
  'Standardize each channel with a running mean and standard deviation (time constant in seconds; default: off)',
  positiveNumber('seconds'),
];

/** `--gaps` of every command that runs a network on a recording. */
export function gapsOption(
  preset: GapPolicy,
): Option<'--gaps <policy>', undefined, GapPolicy, undefined, false, GapPolicy> {
  return new Option(
    '--gaps <policy>',
    'How to fill gaps that are no longer than the receptive field: hold the last sample, interpolate linearly, use zeros, or do not fill them',
  )
    .choices(['hold', 'linear', 'zero', 'none'] as const)
    .default(preset);
}

/** `--false-alarms` of every command that runs a detector: `1/month`, or mean frames between two false alarms. */
export const falseAlarmsOption: SharedOption<'--false-alarms <rate>', FalseAlarms> = [
  '--false-alarms <rate>',
  'Accepted false-alarm rate: a count per second, minute, hour, day, week, month, or year, such as 6/hour, or the mean number of frames between two false alarms, such as 10000',
  falseAlarmRate,
];

function falseAlarmRate(text: string): FalseAlarms {
  const rate = text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
  try {
    checkFalseAlarms(rate);
  } catch {
    throw new InvalidArgumentError(
      'It must be a count per second, minute, hour, day, week, month, or year, such as 1/month, or a number of frames >= 1.',
    );
  }
  return rate;
}

/** `--reference` of every command that runs a detector. */
export function referenceOption(more = ''): Option<'--reference <frames>', undefined, undefined, number> {
  return new Option(
    '--reference <frames>',
    `Use the first <frames> frames as a reference period and report slow drift away from it${more}`,
  ).argParser(integerFrom(1, Number.MAX_SAFE_INTEGER));
}

/**
 * Accepts an old option of `command` for one more version: it is hidden from the help, sets the option `current`, and
 * prints a deprecation note to stderr. An old switch sets `current` to `value`.
 */
export function deprecate(command: CommandUnknownOpts, old: string, current: string, value?: string): void {
  const option = new Option(old).hideHelp();
  command.addOption(option);
  command.on(`option:${option.name()}`, (text?: string) => {
    process.stderr.write(`${option.long} is deprecated; use ${current}${value === undefined ? '' : ` ${value}`}\n`);
    (command as unknown as EventEmitter).emit(`option:${current.slice(2)}`, value ?? text);
  });
}
