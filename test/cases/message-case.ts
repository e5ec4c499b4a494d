/** One case of `messages.json`; its fields are described in the README beside that file. */
export interface MessageCase {
  name: string;
  query?: string;
  path?: string;
  steps: Step[];
  expect: Expected;
}

/** What a sensor does. */
export interface Step {
  send?: unknown;
  text?: string;
  hex?: string;
  connect?: string;
  post?: unknown;
  as?: string;
  get?: boolean;
}

/** What must be observed. */
export interface Expected {
  errors?: number;
  says?: string[];
  closed?: number;
  statuses?: unknown[];
  stream?: unknown;
  frames?: (number | null)[][];
  time?: string;
  lastTime?: string;
  gaps?: unknown[];
  marks?: unknown[];
  noted?: string[];
  sameRun?: boolean;
  either?: Expected[];
}

/** What was observed. */
export interface Observed {
  /** Number of error messages. */
  errors: number;
  /** Sentences of errors, warnings, and close reasons, and texts of HTTP responses. */
  sentences: string[];
  /** The code with which the server closed the connection, if it did. */
  closed: number | undefined;
  statuses: number[];
  /** Entry of the stream in `streams`; null if there is none. */
  stream: unknown;
  frames: (number | null)[][];
  /** Times of the frames in ms since 1970. */
  times: number[];
  gaps: unknown[];
  marks: unknown[];
  /** What `/watch` and `/healthz` report about the stream, as JSON. */
  reported: string;
  runs: number[];
}

/** Tolerance of times in ms. */
const slack = 2;

/** Returns a sentence for each difference between what was expected and what was observed. */
export function differences(expected: Expected, observed: Observed): string[] {
  const { either, ...rest } = expected;
  const found = Object.entries(rest).flatMap(([field, wanted]) => {
    const difference = checks[field as keyof typeof checks](wanted as never, observed);
    return difference === undefined ? [] : [`${field}: ${difference}`];
  });
  if (!either) return found;
  const each = either.map((choice) => differences(choice, observed));
  return each.some(({ length }) => length === 0) ? found : [...found, ...each.map((list) => `or ${list.join('; ')}`)];
}

type Check<T> = (wanted: T, observed: Observed) => string | undefined;

const checks: { [Field in keyof Omit<Required<Expected>, 'either'>]: Check<Required<Expected>[Field]> } = {
  errors: (wanted, { errors }) => differ(wanted, errors),
  says: (wanted, { sentences }) => unmatched(wanted, sentences),
  closed: (wanted, { closed }) => differ(wanted, closed),
  statuses: (wanted, { statuses }) => differ(wanted, statuses),
  stream: (wanted, { stream }) => differ(wanted, stream),
  frames: (wanted, { frames }) => differ(wanted, frames),
  time: (wanted, { times }) => late(wanted, times[0]),
  lastTime: (wanted, { times }) => late(wanted, times.at(-1)),
  gaps: (wanted, { gaps }) => differ(wanted, gaps),
  marks: (wanted, { marks }) => differ(wanted, marks),
  noted: (wanted, { reported }) => unmatched(wanted, [reported]),
  sameRun: (wanted, { runs }) => differ(wanted, new Set(runs).size === 1 && runs.length > 1),
};

function differ(wanted: unknown, got: unknown): string | undefined {
  return fits(wanted, got) ? undefined : `expected ${JSON.stringify(wanted)}, got ${JSON.stringify(got) ?? 'nothing'}`;
}

function unmatched(patterns: string[], texts: string[]): string | undefined {
  const missing = patterns.filter((pattern) => !texts.some((text) => new RegExp(pattern, 'i').test(text)));
  return missing.length === 0 ? undefined : `nothing matches ${missing.join(' or ')} in ${JSON.stringify(texts)}`;
}

function late(wanted: string, got: number | undefined): string | undefined {
  if (got !== undefined && Math.abs(Date.parse(wanted) - got) <= slack) return undefined;
  return `expected ${wanted}, got ${got === undefined ? 'no frame' : new Date(got).toISOString()}`;
}

/**
 * Whether `got` contains `wanted`: numbers to float32, lists of the same length, some of the fields of an object; `min` and
 * `max` bound a number, and a list of texts for one text names several that are right.
 */
function fits(wanted: unknown, got: unknown): boolean {
  if (Array.isArray(wanted) && typeof got === 'string') return wanted.includes(got);
  if (Array.isArray(wanted))
    return Array.isArray(got) && got.length === wanted.length && wanted.every((item, i) => fits(item, got[i]));
  if (typeof wanted === 'number')
    return typeof got === 'number' && Math.abs(got - wanted) <= 1e-6 * Math.max(1, Math.abs(wanted));
  if (typeof wanted !== 'object' || wanted === null) return wanted === got;
  if (typeof got === 'number') {
    const { min = -Infinity, max = Infinity } = wanted as { min?: number; max?: number };
    return got >= min && got <= max;
  }
  if (typeof got !== 'object' || got === null) return false;
  return Object.entries(wanted).every(([key, value]) => fits(value, (got as Record<string, unknown>)[key]));
}
