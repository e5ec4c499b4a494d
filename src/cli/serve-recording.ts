import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option, type OptionValues } from '@commander-js/extra-typings';
import type { ServerOptions } from '../server/index.ts';
import { UsageError } from './failure.ts';
import { positiveNumber } from './options.ts';

/** How streams are recorded, as options of `tapline serve`. Omitted ones have the defaults of the server. */
export type RecordingOptions = {
  /** The only streams that are recorded; false: none. */
  record?: readonly string[] | false;
  recordExcept?: readonly string[];
  keepDays?: number;
  keepBytes?: number;
  keepFree?: number;
  fsync?: 'always' | 'never' | number;
};

const day = 86_400_000;
const presets = { days: 7, bytes: 5e9 };

/** Adds the options of the recordings to a command. */
export function withRecording<T extends OptionValues>(command: Command<[], T>): Command<[], T & RecordingOptions> {
  const options: [flags: string, description: string, parse?: (text: string) => unknown][] = [
    [
      '--record <stream,...>',
      'Record only these streams; a name can end with * (default: all streams are recorded)',
      streamPatterns,
    ],
    ['--no-record', 'Do not record any stream'],
    ['--record-except <stream,...>', 'Do not record these streams; a name can end with *', streamPatterns],
    ['--keep-days <days>', 'Maximum age of recordings in days (default: 7)', positiveNumber('days')],
    ['--keep-bytes <size>', 'Maximum size of all recordings, such as 500MB or 2TB (default: 5GB)', size],
    ['--keep-free <percent>', 'Share of the disk to keep free, from 0% to 99% (default: 10%)', percent],
    [
      '--fsync <when>',
      'When to force recordings onto the disk: always, never, or at most once per this number of seconds (default: 1)',
      fsyncPolicy,
    ],
  ];
  for (const [flags, description, parse] of options) {
    const option = new Option(flags, description);
    command.addOption(parse ? option.argParser(parse) : option);
  }
  return command;
}

/**
 * The option `recording` of `createServer`.
 * @param state the state directory; false = none
 * @throws UsageError if options contradict each other
 */
export function recordingOf(options: RecordingOptions, state: string | false): ServerOptions['recording'] {
  const { record, recordExcept, keepDays, keepBytes, keepFree, fsync } = options;
  const only = Array.isArray(record) ? (record as readonly string[]) : undefined;
  const given = Object.entries({
    '--record': only,
    '--record-except': recordExcept,
    '--keep-days': keepDays,
    '--keep-bytes': keepBytes,
    '--keep-free': keepFree,
    '--fsync': fsync,
  }).find(([, value]) => value !== undefined)?.[0];
  const off = state === false ? '--no-state' : record === false ? '--no-record' : undefined;
  if (off !== undefined && given !== undefined)
    throw new UsageError(`${given} has no effect with ${off}. Omit one of them.`);
  if (off !== undefined) return false;
  return {
    rules: [
      ...(recordExcept ?? []).map((streams) => ({ streams, record: false })),
      ...(only ?? []).map((streams) => ({ streams, record: true })),
      ...(only ? [{ streams: '*', record: false }] : []),
    ],
    fsync: typeof fsync === 'number' ? { every: 1000 * fsync } : fsync,
    retention: {
      maxAge: (keepDays ?? presets.days) * day,
      maxBytes: keepBytes ?? presets.bytes,
      minFree: keepFree,
    },
  };
}

/** The line that says what is recorded, where, and for how long. */
export function recordingNotice(options: RecordingOptions, state: string | false): string {
  const { record, recordExcept, keepDays = presets.days, keepBytes = presets.bytes } = options;
  if (record === false) return 'Streams are not recorded (--no-record).\n';
  if (state === false) return 'Streams are not recorded (--no-state).\n';
  const streams = Array.isArray(record) ? `stream${record.length > 1 ? 's' : ''} ${record.join(', ')}` : 'all streams';
  const except = recordExcept ? ` except ${recordExcept.join(', ')}` : '';
  const kept = `${keepDays} ${keepDays === 1 ? 'day' : 'days'}, at most ${shownSize(keepBytes)}`;
  return `Recording ${streams}${except} to ${join(state, 'recordings')}: ${kept}. Turn off with --no-record.\n`;
}

function streamPatterns(text: string): string[] {
  const patterns = text.split(',').map((part) => part.trim());
  if (!patterns.every((pattern) => /^(\*|[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\*?)$/.test(pattern)))
    throw new InvalidArgumentError('It must be a comma-separated list of stream names, each optionally ending with *.');
  return patterns;
}

const units: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** Parses a size in bytes, such as `5GB`, `1.5 TB`, or `2GiB`. */
export function size(text: string): number {
  const [, number, unit = '', binary] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i.exec(text.trim()) ?? [];
  const power = ['', 'k', 'm', 'g', 't'].indexOf(unit.toLowerCase());
  const bytes = Math.round(Number(number) * (binary ? 1024 ** power : units[unit.toLowerCase()]));
  if (number === undefined || (binary && power === 0) || !Number.isSafeInteger(bytes) || bytes < 1)
    throw new InvalidArgumentError('It must be a size >= 1 byte, such as 500MB, 5GB, or 2GiB.');
  return bytes;
}

/** Parses a percentage from 0 to 99 as a part of 1. */
function percent(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text.trim()) ?? [];
  if (number === undefined || Number(number) > 99)
    throw new InvalidArgumentError('It must be a percentage from 0% to 99%.');
  return Number(number) / 100;
}

function fsyncPolicy(text: string): 'always' | 'never' | number {
  if (text === 'always' || text === 'never') return text;
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds > 0 && seconds < Infinity))
    throw new InvalidArgumentError("It must be 'always', 'never', or a number > 0 in seconds.");
  return seconds;
}

function shownSize(bytes: number): string {
  const [name, unit] = (
    [
      ['TB', 1e12],
      ['GB', 1e9],
      ['MB', 1e6],
      ['kB', 1e3],
    ] as const
  ).find(([, least]) => bytes >= least) ?? ['bytes', 1];
  return `${Number((bytes / unit).toPrecision(3))} ${name}`;
}
