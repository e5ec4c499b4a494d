import type { Observable } from 'rxjs';
import type { PublishEvent } from '../sources/index.ts';
import { usageOf } from './usage-error.ts';

/**
 * Runs a publisher until it completes or `signal` is aborted, which closes its connection. `told` hears every event.
 * What a server refuses is a fault of the input.
 */
export function publishing(
  events: Observable<PublishEvent>,
  signal: AbortSignal,
  told: (event: PublishEvent) => void = () => undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const subscription = events.subscribe({
      next: told,
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

/** What is said once, on stderr, when a server does not answer or went away. */
export function awayNotice(address: string): (down: { sentence: string }) => void {
  let said = false;
  return ({ sentence }) => {
    if (said) return;
    said = true;
    process.stderr.write(`tapline: ${address} does not answer (${sentence}); trying again until it does\n`);
  };
}
