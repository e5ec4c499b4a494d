import * as v from 'valibot';
import { invalid } from '../core/check.ts';
import { type ErrorCode, ProtocolError } from './protocol-error.ts';

/** Reads the text of a message, or throws a ProtocolError ('bad-json'). */
export function parseText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ProtocolError('bad-json', 'message must be JSON, got text that is not');
  }
}

/** Whether `value` is a JSON object (not null, not a list). */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The type of a message, or throws a ProtocolError ('bad-message'). */
export function typeOf(message: unknown): string {
  if (isRecord(message) && Object.hasOwn(message, 'type') && typeof message.type === 'string') return message.type;
  throw new ProtocolError('bad-message', 'message must be a JSON object with a type, got something else');
}

/** Checks `message` by `schema`; a refusal carries the code of the field that is wrong. */
export function checkMessage<T>(
  schema: v.GenericSchema<unknown, T>,
  message: unknown,
  codes: ReadonlyMap<string, ErrorCode>,
): T {
  const result = v.safeParse(schema, message, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const keys = (issue.path ?? []).map((item) => String(item.key));
  const code = codes.get(keys.at(-1) ?? '') ?? codes.get(keys[0] ?? '') ?? 'bad-message';
  if (issue.input === Infinity || issue.input === -Infinity)
    throw new ProtocolError('not-finite', `${keys.join('.')} must be a finite number, got ${issue.input}`);
  throw new ProtocolError(code, invalid(keys.join('.') || 'message', issue.message, issue.input).message);
}
