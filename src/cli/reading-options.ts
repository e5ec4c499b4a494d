import type { ReadingError, ReadingOption } from '../formats/recording.ts';

/** Flags of the options by which a file is read. */
const flags: Readonly<Record<ReadingOption, string>> = {
  columns: '--columns <list>',
  rate: '--rate <hz>',
  timeUnit: '--time-unit <unit>',
  timeFormat: '--time-format <format>',
  sort: '--sort',
  series: '--series <column>',
  skip: '--skip <lines>',
  maxGap: '--max-gap <seconds>',
};

/** The sentence of an error of a reader, with the options of the command that help. */
export function readingAdvice(error: ReadingError): string {
  const nameOf = (option: ReadingOption, value?: string) =>
    value === undefined ? flags[option] : `${flags[option].split(' ')[0]} ${quoted(value)}`;
  return `${error.reason} ${error.advice(nameOf)}`.trim();
}

/** A value as it is written in a shell. */
function quoted(value: string): string {
  return /^[\w.,:/-]+$/.test(value) ? value : value.includes("'") ? `"${value}"` : `'${value}'`;
}
