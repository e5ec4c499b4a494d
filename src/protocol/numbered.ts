import { ProtocolError } from './protocol-error.ts';

/** Calls `read`; the sentence of its ProtocolError starts with `place`, such as `line 2`. */
export function numbered<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof ProtocolError ? new ProtocolError(error.code, `${place}: ${error.message}`) : error;
  }
}
