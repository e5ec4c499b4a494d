import { describe, expect, test } from 'vitest';
import { readingAdvice } from '../../src/cli/reading-options.ts';
import { MissingRateError, ReadingError } from '../../src/formats/recording.ts';

describe('an error of a reader', () => {
  const unit = new ReadingError("the times in 'time' are numbers without a unit.", ['timeUnit', 'rate'], ['ms', 's']);

  test('names the options of the library, with examples for the first', () => {
    expect(unit.message).toBe(
      "the times in 'time' are numbers without a unit. Set the unit of the times with the option timeUnit (for example 'ms' or 's'), or set the sampling rate with the option rate (Hz).",
    );
  });

  test('names the options of the command on the command line', () => {
    expect(readingAdvice(unit)).toBe(
      "the times in 'time' are numbers without a unit. Set the unit of the times with --time-unit <unit> (for example --time-unit ms or --time-unit s), or set the sampling rate with --rate <hz>.",
    );
    const series = new ReadingError('line 4: time goes back.', ['series', 'sort'], ["the dev's name"]);
    expect(readingAdvice(series)).toBe(
      `line 4: time goes back. Separate the sources with --series <column> (for example --series "the dev's name"), or sort the rows with --sort.`,
    );
  });

  test('can do without options', () => {
    expect(new ReadingError('line 2 has 3 cells.', []).message).toBe('line 2 has 3 cells.');
  });

  test('about a missing rate asks for the rate', () => {
    const error = new MissingRateError('the file has no time column.');
    expect(error).toBeInstanceOf(ReadingError);
    expect(error.message).toBe('the file has no time column. Set the sampling rate with the option rate (Hz).');
    expect(readingAdvice(error)).toBe('the file has no time column. Set the sampling rate with --rate <hz>.');
  });
});
