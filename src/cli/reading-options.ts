import { type Command, InvalidArgumentError, Option, type OptionValues } from '@commander-js/extra-typings';
import type { ReadingError, ReadingOption, ReadOptions } from '../formats/recording.ts';
import { integerFrom, list, positiveNumber } from './options.ts';

/** The values of the options that every command has that reads a recording. */
export type ReadingValues = { -readonly [name in ReadingOption]?: ReadOptions[name] };

interface Described {
  readonly flags: string;
  readonly description: string;
  /** Parses a value; a switch has none. */
  readonly parse?: (text: string) => unknown;
  /** Present if the option applies to text files only. */
  readonly text?: true;
}

const options: Readonly<Record<ReadingOption, Described>> = {
  columns: {
    flags: '--columns <list>',
    description:
      'Columns to read, by name or by number (from 1), such as Fp1,Fp2 or 2-9 (default: all columns with samples, except labels)',
    parse: list,
  },
  rate: {
    flags: '--rate <hz>',
    description: 'Sampling rate in Hz (default: from the recording)',
    parse: positiveNumber('Hz'),
  },
  maxGap: {
    flags: '--max-gap <seconds>',
    description: 'Longest gap in seconds; a longer one starts a new segment (default: 86400)',
    parse: positiveNumber('seconds'),
  },
  timeUnit: {
    flags: '--time-unit <unit>',
    description: 'Unit of a numeric time column: s, ms, us, ns, min, h, or d (default: from the file)',
    parse: filled('a unit, such as ms'),
    text: true,
  },
  timeFormat: {
    flags: '--time-format <format>',
    description:
      "Format of the time column, made of YYYY YY MM DD HH hh mm ss S (fraction) A (AM or PM) Z (zone), such as 'DD/MM/YYYY HH:mm' (default: from the file)",
    parse: filled("a format, such as 'DD/MM/YYYY HH:mm'"),
    text: true,
  },
  sort: { flags: '--sort', description: 'Sort the rows by time', text: true },
  series: {
    flags: '--series <column>',
    description: 'Column that names the source of each row; each source has its own channels',
    parse: columnOf,
    text: true,
  },
  skip: {
    flags: '--skip <lines>',
    description: 'Number of lines to skip at the start of the file (default: 0)',
    parse: integerFrom(0, Number.MAX_SAFE_INTEGER),
    text: true,
  },
};

const names = Object.keys(options) as ReadingOption[];
const optionNames = new RegExp(`\\bthe option (${names.join('|')})\\b`, 'g');
const optionRules = new RegExp(`(^|: )(${names.join('|')}) must be `);

/** Adds the options for reading a recording to a command. */
export function withReadingOptions<Args extends unknown[], Opts extends OptionValues>(
  command: Command<Args, Opts>,
): Command<Args, Opts & ReadingValues> {
  for (const { flags, description, parse, text } of Object.values(options)) {
    const option = new Option(flags, description).helpGroup(text ? 'Options for text files:' : 'Input options:');
    command.addOption(parse ? option.argParser(parse) : option);
  }
  return command;
}

/** The options of a reader among those of a command. */
export function readOptionsOf(values: ReadingValues): ReadOptions {
  return Object.fromEntries(names.flatMap((name) => (values[name] === undefined ? [] : [[name, values[name]]])));
}

/** Parses the value of an option. Throws an InvalidArgumentError. */
export function readingValue(name: ReadingOption, text: string): unknown {
  return options[name].parse?.(text);
}

/** The flags of those options that are set and that apply to text files only. */
export function textFlags(values: ReadOptions): string[] {
  return names.filter((name) => options[name].text && values[name] !== undefined).map(flagOf);
}

/**
 * A sentence of a reader with the options of the command: `the option rate` becomes `--rate <hz>`, and `rate must be …`
 * becomes `--rate must be …`.
 */
export function commandText(sentence: string): string {
  return sentence
    .replace(optionNames, (_, name: ReadingOption) => options[name].flags)
    .replace(optionRules, (_, before: string, name: ReadingOption) => `${before}${flagOf(name)} must be `);
}

/** The sentence of an error of a reader, with the options of the command that help. */
export function readingAdvice(error: ReadingError): string {
  const nameOf = (option: ReadingOption, value?: string) =>
    value === undefined ? options[option].flags : `${flagOf(option)} ${quoted(value)}`;
  return `${commandText(error.reason)} ${error.advice(nameOf)}`.trim();
}

function flagOf(name: ReadingOption): string {
  return options[name].flags.split(' ')[0];
}

/** A value as it is written in a shell. */
function quoted(value: string): string {
  if (/^[\w.,:/-]+$/.test(value)) return value;
  return value.includes("'") ? `"${value}"` : `'${value}'`;
}

function filled(rule: string): (text: string) => string {
  return (text) => {
    if (text.trim() === '') throw new InvalidArgumentError(`It must be ${rule}.`);
    return text.trim();
  };
}

function columnOf(text: string): string | number {
  const [column, ...more] = list(text);
  return more.length > 0 ? text : column;
}
