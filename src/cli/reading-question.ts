import { InvalidArgumentError } from '@commander-js/extra-typings';
import type { ReadingError, ReadingOption, ReadOptions } from '../formats/recording.ts';
import { commandText, readingValue } from './reading-options.ts';

/** Questions for the options that a user can answer without seeing the file. */
const questions: Readonly<Partial<Record<ReadingOption, string>>> = {
  rate: 'Sampling rate in Hz',
  timeUnit: 'Unit of the time column',
  timeFormat: 'Format of the time column',
  series: 'Column that names the source of each row',
  sort: 'Sort the rows by time (yes or no)',
};

/**
 * Asks for the first option that helps with a file, with the first suggestion as the default. Repeats the question while the
 * answer is not valid. Returns the options with the answer; undefined if there is no question or no answer.
 *
 * @param ask prints a question and resolves with the answer; undefined if the user cancels
 */
export async function askForOption(
  path: string,
  error: ReadingError,
  options: ReadOptions,
  ask: (question: string) => Promise<string | undefined>,
): Promise<ReadOptions | undefined> {
  const [option] = error.options;
  const question = questions[option];
  if (question === undefined || options[option] !== undefined) return undefined;
  const standard = option === 'sort' ? 'yes' : (error.suggestions.at(0) ?? '');
  const prompt = `${question}${standard && ` [${standard}]`}: `;
  for (let before = `${path}: ${commandText(error.reason)}\n`; ;) {
    const answer = (await ask(`${before}${prompt}`))?.trim();
    if (answer === undefined || (answer || standard) === '') return undefined;
    try {
      const value = option === 'sort' ? isYes(answer || standard) : readingValue(option, answer || standard);
      return value === false ? undefined : { ...options, [option]: value };
    } catch (invalid) {
      if (!(invalid instanceof InvalidArgumentError)) throw invalid;
      before = `${invalid.message}\n`;
    }
  }
}

function isYes(answer: string): boolean {
  if (/^(y|yes)$/i.test(answer)) return true;
  if (/^(n|no)$/i.test(answer)) return false;
  throw new InvalidArgumentError('It must be yes or no.');
}
