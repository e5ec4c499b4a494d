import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonProblem, jsonProblemInSlices } from '../../src/protocol/json-problem.ts';

test.each([
  ['[1, NaN]', 'NaN at character 5; NaN is not JSON; send null'],
  ['{"t": -Infinity}', '-Infinity at character 7; -Infinity is not JSON; send null'],
  ['{"t": None}', 'None at character 7; None is not JSON; send null'],
  ['{"t": True}', 'True at character 7; True is not JSON; send true'],
  ["{'t': 1}", 'a single quote at character 2; put names and text in double quotes (")'],
  ['{t: 1}', 't at character 2; put names in double quotes (")'],
  ['[1,2,]', '] at character 6; remove the comma before it, or send null for a missing sample'],
  ['{"t":1,}', '} at character 8; remove the comma before it, or send null for a missing sample'],
  ['{"t":}', '} at character 6; a value is missing before it, such as null'],
  ['[1 2]', '2 at character 4; separate values with commas'],
  ['[.5]', '.5 at character 2; write numbers like 0.5, -1, or 1e3'],
  ['{"t":1} // room', 'a comment at character 9; remove it, because JSON does not allow comments'],
  ['{"t":1}{"t":2}', '{ at character 8, after the end of the JSON; send one message at a time'],
  ['[1,\n  nan]', 'nan at character 7 (line 2, column 3); nan is not JSON; send null'],
  [
    '["a\nb"]',
    'a text at character 2 (line 1, column 2) that does not end, or contains a line break or an invalid escape',
  ],
  ['{"t":[1', 'incomplete JSON that ends after character 7; ]} is missing'],
  ['', 'an empty text'],
])('%j is not JSON because of %s', (text, problem) => {
  expect(jsonProblem(text)).toBe(problem);
});

test('the position is that of the first character that is wrong, wherever it is', () => {
  const words = fc.constantFrom('NaN', 'None', "'", '+1');
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 2 }), { minLength: 1, maxLength: 5 }), words, (values, word) => {
      const valid = JSON.stringify(values).slice(0, -1);
      expect(jsonProblem(`${valid},${word}]`)).toContain(` at character ${valid.length + 2}`);
    }),
    { seed: 1, numRuns: 300 },
  );
});

test('every text that is not JSON has a problem, however long or deep it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(jsonProblem(text).length).toBeLessThan(200);
    }),
    { seed: 2, numRuns: 500 },
  );
  expect(jsonProblem('['.repeat(500_000))).toContain('incomplete JSON');
  expect(jsonProblem(`["${'a'.repeat(1_000_000)}", NaN]`)).toContain('at character 1000006');
});

test('a problem in a long text is searched for in slices', () => {
  for (const text of ['['.repeat(100_000), `[${'1,'.repeat(50_000)}x]`, '{"a":1}'.repeat(2)]) {
    const slices = jsonProblemInSlices(text);
    let [yielded, step] = [0, slices.next()];
    for (; step.done !== true; step = slices.next()) yielded++;
    expect(step.value).toBe(jsonProblem(text));
    expect(yielded).toBe(Math.floor(text.length > 100 ? 100_000 / 4096 : 0));
  }
});
