import { InvalidArgumentError } from '@commander-js/extra-typings';

/** Reads a number > 0; its unit, where it has one, is named in the refusal. */
export function positiveNumber(unit = ''): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value > 0 && value < Infinity))
      throw new InvalidArgumentError(`It must be a number > 0${unit && ` in ${unit}`}.`);
    return value;
  };
}

/** Reads a number >= 0. */
export function notNegativeNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value < Infinity))
    throw new InvalidArgumentError('It must be a number >= 0.');
  return value;
}

/** Reads an integer from `least` to `most`. */
export function integerFrom(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < least || value > most)
      throw new InvalidArgumentError(`It must be an integer from ${least} to ${most}.`);
    return value;
  };
}

/** Reads a number where it is one, else the text as it is. */
export function numberOrText(text: string): number | string {
  return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
}

/** Reads how many times as fast: a number > 0, or `max`. */
export function speed(text: string): number {
  if (text === 'max') return Infinity;
  const value = Number(text);
  if (text.trim() === '' || !(value > 0)) throw new InvalidArgumentError("It must be a number > 0, or 'max'.");
  return value;
}

/** Reads a list with commas: names, or numbers of columns counted from 1. */
export function list(text: string): (string | number)[] {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.some((part) => part === ''))
    throw new InvalidArgumentError('It must be names or numbers with commas between.');
  return parts.map((part) => (/^[1-9]\d*$/.test(part) ? Number(part) : part));
}

/** Collects an option that may be given several times. */
export function collect(value: string, before: string[] = []): string[] {
  return [...before, value];
}
