/** Exit code of a process that a second Ctrl-C ended (128 + SIGINT). */
const forcedExitCode = 130;

/**
 * Returns a signal that the first Ctrl-C (or SIGTERM) aborts, so that a command can end cleanly. The second one ends the
 * process immediately.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(forcedExitCode);
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return controller.signal;
}

/** Resolves when `signal` is aborted. */
export function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
