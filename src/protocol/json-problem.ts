import { finish, type Slices } from '../core/slices.ts';

/** Literals of other languages, and the JSON value to send instead. */
const foreignWords: Readonly<Record<string, string>> = {
  nan: 'null',
  inf: 'null',
  infinity: 'null',
  none: 'null',
  nil: 'null',
  na: 'null',
  undefined: 'null',
  null: 'null',
  true: 'true',
  false: 'false',
};

const space = /[ \t\r\n]+/y;
const escaped = /\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?(?![\w.])/y;
const literal = /(?:null|true|false)(?![\w])/y;
/** What is shown of an unexpected text: a word or a number, or one character. */
const piece = /[+-]?[\w.$]+|[^]/uy;

/** What may come next: a value, a name, a colon, a comma or the end of a list or object, or the end of the text. */
type Expected = 'value' | 'first value' | 'name' | 'first name' | 'colon' | 'comma' | 'end';

/**
 * Returns why a text is not JSON: what was found, where (characters counted from 1, and line and column in a text of several
 * lines), and what to send instead.
 *
 *     [1, NaN]      NaN at character 5; NaN is not JSON; send null
 */
export function jsonProblem(json: string): string {
  return finish(jsonProblemInSlices(json));
}

/** Number of tokens per slice, and the cost of each in ns. */
const tokensPerSlice = 4096;
const tokenCost = 100;

/** Does the same in slices. */
export function* jsonProblemInSlices(json: string): Slices<string> {
  let at = 0;
  let expected = 'value' as Expected;
  const open: string[] = [];
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = at;
    if (!pattern.test(json)) return false;
    at = pattern.lastIndex;
    return true;
  };
  const takeText = (): boolean => {
    const end = endOfText(json, at);
    at = end ?? at;
    return end !== undefined;
  };
  const afterValue = () => {
    expected = open.length > 0 ? 'comma' : 'end';
  };
  for (let tokens = 1; ; tokens++) {
    if (tokens % tokensPerSlice === 0) yield tokensPerSlice * tokenCost;
    if (json.charCodeAt(at) <= 0x20) take(space);
    if (at >= json.length) return problemAtEnd(json, open, expected);
    const next = json[at];
    const isValue = expected === 'value' || expected === 'first value';
    const isName = expected === 'name' || expected === 'first name';
    const closes = expected === 'comma' || expected === 'first value' || expected === 'first name';
    if (closes && next === open.at(-1)) {
      at++;
      open.pop();
      afterValue();
    } else if (isValue && (next === '[' || next === '{')) {
      at++;
      open.push(next === '[' ? ']' : '}');
      expected = next === '[' ? 'first value' : 'first name';
    } else if (isValue && (takeText() || take(number) || take(literal))) afterValue();
    else if (isName && takeText()) expected = 'colon';
    else if (expected === 'colon' && next === ':') {
      at++;
      expected = 'value';
    } else if (expected === 'comma' && next === ',') {
      at++;
      expected = open.at(-1) === ']' ? 'value' : 'name';
    } else return problemAt(json, at, expected, open.at(-1));
  }
}

/** Returns the position after the text in double quotes that starts at `at`; undefined if there is none. */
function endOfText(json: string, at: number): number | undefined {
  if (json[at] !== '"') return undefined;
  for (let i = at + 1; i < json.length && json.charCodeAt(i) >= 0x20; i++) {
    if (json[i] === '"') return i + 1;
    if (json[i] !== '\\') continue;
    escaped.lastIndex = i;
    if (!escaped.test(json)) return undefined;
    i = escaped.lastIndex - 1;
  }
  return undefined;
}

function problemAtEnd(json: string, open: readonly string[], expected: Expected): string {
  if (json.trim() === '') return 'an empty text';
  if (expected === 'end') return 'a text that is not';
  const isShown = open.length > 0 && open.length <= 8;
  const shown = isShown ? `; ${[...open].reverse().join('')} is missing` : '';
  return `incomplete JSON that ends after character ${json.length}${shown}`;
}

function problemAt(json: string, at: number, expected: Expected, closing: string | undefined): string {
  piece.lastIndex = at;
  const found = piece.exec(json)?.[0] ?? json[at];
  const shown = found.length > 40 ? `${found.slice(0, 37)}...` : found;
  const where = placeOf(json, at);
  const word = found.replace(/^[+-]/, '').toLowerCase();
  const instead = Object.hasOwn(foreignWords, word) ? foreignWords[word] : undefined;
  const here = `${printable(shown)} ${where}`;
  if (/^(\/\/|\/\*|#)/.test(json.slice(at, at + 2)))
    return `a comment ${where}; remove it, because JSON does not allow comments`;
  if (expected === 'end') return `${here}, after the end of the JSON; send one message at a time`;
  if (found === "'") return `a single quote ${where}; put names and text in double quotes (")`;
  if (/^[“”„‘’`]$/u.test(found)) return `${here}; put names and text in straight double quotes (")`;
  if (found === '"') return `a text ${where} that does not end, or contains a line break or an invalid escape`;
  if (/^[\]}]$/.test(found) && expected === 'comma') return `${here}; close with ${closing} first`;
  if (/^[\]},]$/.test(found)) return `${here}; ${adviceBefore(json.slice(0, at))}`;
  if (expected === 'name' || expected === 'first name') return `${here}; put names in double quotes (")`;
  if (expected === 'comma') return `${here}; separate values with commas`;
  if (expected === 'colon') return `${here}; a colon is missing after the name`;
  if (instead !== undefined) return `${here}; ${found} is not JSON; send ${instead}`;
  if (/^[+-]?[\d.]/.test(found)) return `${here}; write numbers like 0.5, -1, or 1e3`;
  return `${here}; put text in double quotes ("), or send numbers`;
}

/** What to do about a comma or a bracket where a value or a name should be. */
function adviceBefore(before: string): string {
  const last = before.trimEnd().at(-1);
  if (last === ',') return 'remove the comma before it, or send null for a missing sample';
  return last === '"' ? 'a colon is missing before it' : 'a value is missing before it, such as null';
}

/** The position of a character: counted from 1, with line and column if the text has several lines. */
function placeOf(json: string, at: number): string {
  const before = json.slice(0, at).split('\n');
  const place = `at character ${at + 1}`;
  return json.trimEnd().includes('\n')
    ? `${place} (line ${before.length}, column ${before[before.length - 1].length + 1})`
    : place;
}

function printable(found: string): string {
  return /^[\p{Cc}\p{Cf}\p{Z}]$/u.test(found)
    ? `the character U+${found.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`
    : found;
}
