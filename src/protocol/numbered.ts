import { ProtocolError } from './protocol-error.ts';

/** Calls `read`; the sentence of its ProtocolError starts with `place`, such as `line 2`. */
export function numbered<T>(place: string | (() => string), read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new ProtocolError(error.code, `${typeof place === 'string' ? place : place()}: ${error.message}`);
  }
}
