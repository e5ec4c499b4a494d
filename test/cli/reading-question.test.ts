import { describe, expect, test } from 'vitest';
import { askForOption } from '../../src/cli/reading-question.ts';
import { ReadingError, type ReadOptions } from '../../src/formats/recording.ts';

/** Asks with these answers; returns the options and the questions. */
async function asked(error: ReadingError, answers: (string | undefined)[], options: ReadOptions = {}) {
  const questions: string[] = [];
  const answered = await askForOption('x.csv', error, options, (question) => {
    questions.push(question);
    return Promise.resolve(answers.shift());
  });
  return { answered, questions };
}
const unit = new ReadingError("the times in 'time' have no unit.", ['timeUnit', 'rate'], ['ms']);
const rate = new ReadingError('the file has no time column.', ['rate']);

describe('a question about a file', () => {
  test('shows the reason and the default, which an empty answer accepts', async () => {
    const { answered, questions } = await asked(unit, [''], { skip: 2 });
    expect(questions).toEqual(["x.csv: the times in 'time' have no unit.\nUnit of the time column [ms]: "]);
    expect(answered).toEqual({ skip: 2, timeUnit: 'ms' });
  });

  test('takes the answer as the value of the option', async () => {
    expect((await asked(unit, [' us '])).answered).toEqual({ timeUnit: 'us' });
    expect((await asked(rate, ['250'])).answered).toEqual({ rate: 250 });
    const sort = new ReadingError('line 4: the time goes back.', ['sort']);
    expect((await asked(sort, [''])).answered).toEqual({ sort: true });
  });

  test('is repeated while the answer is not valid', async () => {
    const { answered, questions } = await asked(rate, ['-1', 'fast', '4']);
    expect(answered).toEqual({ rate: 4 });
    expect(questions[2]).toBe('It must be a number > 0 in Hz.\nSampling rate in Hz: ');
  });

  test.each<[string, ReadingError, (string | undefined)[], ReadOptions]>([
    ['the user cancels', unit, [undefined], {}],
    ['the answer is no', new ReadingError('x', ['sort']), ['n'], {}],
    ['there is neither a default nor an answer', rate, [''], {}],
    ['the option is set already', unit, ['ms'], { timeUnit: 's' }],
    ['the option cannot be answered without the file', new ReadingError('x', ['columns']), ['a'], {}],
    ['there is no option', new ReadingError('x', []), ['a'], {}],
  ])('changes nothing if %s', async (_, error, answers, options) => {
    expect((await asked(error, answers, options)).answered).toBeUndefined();
  });
});
