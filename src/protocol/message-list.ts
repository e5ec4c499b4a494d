import { isRecord } from './check-message.ts';
import { isTimeName } from './time-field.ts';

/** A list of messages, and what is ignored beside it. */
interface MessageList {
  items: readonly unknown[];
  /** Fields that are ignored. */
  ignored: readonly string[];
}

/**
 * Returns the messages that JSON contains: an array of objects or arrays, or an object with one such array whose items have a
 * time and `values`, as Sensor Logger sends it: `{"payload": [{"name": "accelerometer", "time": 1, "values": {"x": 1}}]}`.
 * Undefined for one message.
 */
export function messageList(json: unknown): MessageList | undefined {
  if (Array.isArray(json))
    return json.some((item) => Array.isArray(item) || isRecord(item)) ? { items: json, ignored: [] } : undefined;
  if (!isRecord(json) || Object.hasOwn(json, 'type')) return undefined;
  const lists = Object.entries(json).filter(([, value]) => Array.isArray(value));
  if (lists.length !== 1) return undefined;
  const [[key, items]] = lists as [string, unknown[]][];
  const isList = items.length > 0 && items.every((item) => isRecord(item) && isTimedFrame(item));
  return isList ? { items, ignored: Object.keys(json).filter((other) => other !== key) } : undefined;
}

function isTimedFrame(item: Record<string, unknown>): boolean {
  return isRecord(item.values) && Object.keys(item).some(isTimeName);
}
