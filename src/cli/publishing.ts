import type { Observable } from 'rxjs';
import type { PublishEvent } from '../sources/index.ts';
import { usageOf } from './failure.ts';

/**
 * Runs a publisher until it completes or `signal` is aborted, which closes its connection. Calls `onEvent` with every
 * event. Rejects with a UsageError if the server rejects the stream.
 */
export function publishing(
  events: Observable<PublishEvent>,
  signal: AbortSignal,
  onEvent: (event: PublishEvent) => void = () => undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const subscription = events.subscribe({
      next: onEvent,
      error: (error: unknown) => reject(usageOf(error)),
      complete: resolve,
    });
    const stop = () => {
      subscription.unsubscribe();
      resolve();
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/** Writes a status sentence of a publisher to stderr. */
export function logStatus(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}

/** Returns a callback that prints one note to stderr, the first time that a server does not answer or disconnects. */
export function outageNotice(address: string): (down: { sentence: string }) => void {
  let printed = false;
  return ({ sentence }) => {
    if (printed) return;
    printed = true;
    process.stderr.write(
      `tapline: no connection to ${address} (${sentence.replace(/\.$/, '')}). Retrying; press Ctrl-C to stop.\n`,
    );
  };
}
