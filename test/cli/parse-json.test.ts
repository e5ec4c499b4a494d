import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/cli/parse-json.ts';

describe('JSON', () => {
  test('is parsed', () => {
    expect(parseJson('{"a": [1, null]}')).toEqual({ a: [1, null] });
  });

  test.each([
    ['{"a": 1,\n "b" 2}', 'not valid JSON at line 2, column 6: '],
    ['[1,\n2', 'not valid JSON at line 2, column 2: '],
    ['{"a": 1,}', 'not valid JSON at line 1, column 9: '],
    ['', 'not valid JSON at line 1, column 1: '],
    ['hello', 'not valid JSON'],
  ])('that is not valid is rejected with the position of the error: %j', (text, sentence) => {
    expect(() => parseJson(text)).toThrow(sentence);
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });
});
