import type { RawData } from 'ws';

/** A message as it is read: text, or bytes in memory of their own, so that samples lie aligned and pin nothing else. */
export function messageOf(data: RawData, isBinary: boolean): string | Uint8Array {
  const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
  return isBinary ? new Uint8Array(bytes) : bytes.toString();
}
