import * as v from 'valibot';
import { finish, type Slices } from '../core/slices.ts';
import { jsonProblemInSlices } from './json-problem.ts';
import { cut, type ErrorCode, ProtocolError } from './protocol-error.ts';

/** Parses the text of a message; a byte order mark is ignored. Throws a ProtocolError ('bad-json') with the position of the error and its reason. */
export function parseText(text: string): unknown {
  return finish(parseTextInSlices(text));
}

/** Does the same in slices: the search for the error takes longer than the parser. */
export function* parseTextInSlices(text: string): Slices<unknown> {
  const json = text.replace(/^\ufeff/, '');
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new ProtocolError('bad-json', `message must be valid JSON, got ${yield* jsonProblemInSlices(json)}`);
  }
}

/** Whether `value` is a JSON object (not null, not an array). */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the type of a message. Throws a ProtocolError ('bad-message'). */
export function typeOf(message: unknown): string {
  if (isRecord(message) && Object.hasOwn(message, 'type') && typeof message.type === 'string') return message.type;
  const wrong = isRecord(message)
    ? `type must be text, got ${show(message.type)}`
    : `message must be a JSON object with a type, got ${show(message)}`;
  throw new ProtocolError('bad-message', wrong);
}

/** Validates `message` against `schema`. Throws a ProtocolError with the code of the invalid field. */
export function checkMessage<T>(
  schema: v.GenericSchema<unknown, T>,
  message: unknown,
  codes: ReadonlyMap<string, ErrorCode>,
): T {
  const result = v.safeParse(schema, message, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const keys = (issue.path ?? []).map((item) => String(item.key));
  const input: unknown = issue.path ? issue.path.at(-1)?.value : issue.input;
  const code = codes.get(keys.at(-1) ?? '') ?? codes.get(keys[0] ?? '') ?? 'bad-message';
  if (input === Infinity || input === -Infinity)
    throw new ProtocolError('not-finite', `${keys.join('.')} must be a finite number, got ${input}`);
  throw new ProtocolError(code, `${keys.join('.') || 'message'} must be ${issue.message}, got ${show(input)}`);
}

/** Formats an invalid value briefly, regardless of its size and depth. */
export function show(input: unknown): string {
  if (typeof input === 'string') return `'${cut(input)}'`;
  return Array.isArray(input) ? 'an array' : isRecord(input) ? 'an object' : String(input);
}
