/** What a case expects of `tapline inspect`, as described in the README of the cases. */
export interface InspectCase extends Outcome {
  readonly name: string;
  readonly file: string;
  readonly args?: readonly string[];
  readonly either?: readonly Outcome[];
  readonly moreMarks?: boolean;
}

interface Outcome {
  readonly inspect?: Readonly<Record<string, unknown>>;
  readonly refused?: { readonly says: readonly string[] };
  readonly notes?: readonly string[];
}

/** What the command made of a file: its JSON, or the sentence of a rejection without the path. */
export type Inspected = { readonly json: Readonly<Record<string, unknown>> } | { readonly sentence: string };

/** Differences between what a case expects and what the command made of it; none if it is right. */
export function checkInspection(wanted: InspectCase, got: Inspected): string[] {
  if (!wanted.either) return checkOutcome(wanted, got, wanted.moreMarks);
  const differences = wanted.either.map((outcome) => checkOutcome(outcome, got, wanted.moreMarks));
  if (differences.some((each) => each.length === 0)) return [];
  return differences.flatMap((each, i) => each.map((difference) => `either ${i + 1}: ${difference}`));
}

function checkOutcome({ inspect = {}, refused, notes = [] }: Outcome, got: Inspected, moreMarks = false): string[] {
  if (refused) {
    if ('json' in got) return [`expected a rejection that says ${shown(refused.says)}, got ${shown(got.json)}`];
    return matching(refused.says, [got.sentence]);
  }
  if ('sentence' in got) return [`rejected: ${got.sentence}`];
  const fields = Object.entries(inspect).flatMap(([name, wanted]) => {
    const actual = got.json[name];
    const same = name === 'marks' && moreMarks ? someOf(wanted, actual) : isSame(wanted, actual, name);
    return same ? [] : [`${name}: expected ${shown(wanted)}, got ${shown(actual)}`];
  });
  return [...fields, ...matching(notes, got.json.notes as string[])];
}

function matching(patterns: readonly string[], sentences: readonly string[]): string[] {
  return patterns
    .filter((pattern) => !sentences.some((sentence) => new RegExp(pattern, 'i').test(sentence)))
    .map((pattern) => `nothing matches /${pattern}/: ${shown(sentences)}`);
}

/** Whether every expected mark is among the actual ones. */
function someOf(wanted: unknown, actual: unknown): boolean {
  return (wanted as unknown[]).every((mark) => (actual as unknown[]).some((each) => isSame(mark, each, 'mark')));
}

/** Fields that a list in place of a text gives alternatives for. */
const alternatives: readonly string[] = ['label', 'unit', 'start'];
/** Fields in s, compared to 1 ms. */
const timeFields: readonly string[] = ['times', 'time', 'duration'];

function isSame(wanted: unknown, actual: unknown, field: string): boolean {
  if (Array.isArray(wanted) && alternatives.includes(field)) return wanted.some((each) => isSame(each, actual, field));
  if (Array.isArray(wanted))
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((each, i) => isSame(each, actual[i], field))
    );
  if (field === 'start' && typeof wanted === 'string')
    return typeof actual === 'string' && Math.abs(Date.parse(wanted) - Date.parse(actual)) <= 1;
  if (field === 'unit') return (wanted ?? '') === (actual ?? '');
  if (typeof wanted === 'number')
    return (
      typeof actual === 'number' &&
      Math.abs(actual - wanted) <= (timeFields.includes(field) ? 0.001000001 : 1e-6 * Math.abs(wanted))
    );
  if (typeof wanted !== 'object' || wanted === null) return wanted === actual;
  const { min, max, ...fields } = wanted as Record<string, unknown>;
  if (min !== undefined || max !== undefined)
    return Number(actual) >= Number(min ?? -Infinity) && Number(actual) <= Number(max ?? Infinity);
  if (typeof actual !== 'object' || actual === null) return false;
  return Object.entries(fields).every(([name, each]) => isSame(each, (actual as Record<string, unknown>)[name], name));
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
