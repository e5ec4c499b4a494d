import { CommanderError } from '@commander-js/extra-typings';

/** An error that the user can fix: reported in one sentence, with exit code 2. */
export class UsageError extends Error {
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'UsageError';
  }
}

/** Returns the result of `work`. Whatever it throws becomes a UsageError, prefixed with `subject` if one is given. */
export function asUsage<T>(work: () => T, subject = ''): T {
  try {
    return work();
  } catch (error) {
    throw usageOf(error, subject);
  }
}

/** An error as a UsageError, prefixed with `subject` if one is given. */
export function usageOf(error: unknown, subject = ''): UsageError {
  if (error instanceof UsageError) return error;
  const sentence = error instanceof Error ? error.message : String(error);
  return new UsageError(subject === '' ? sentence : `${subject}: ${sentence}`, { cause: error });
}

/** What a failed command prints to stderr, and its exit code. */
export interface Failure {
  readonly text: string;
  readonly code: number;
}

/**
 * Describes an error. Exit code 2 is for wrong input and comes with one sentence; commander has already printed its own.
 * Exit code 1 is for unexpected errors. With `debug`, the stack trace is printed.
 */
export function reportFailure(error: unknown, debug: boolean): Failure {
  if (error instanceof CommanderError) return { text: '', code: error.exitCode === 0 ? 0 : 2 };
  const usage = error instanceof UsageError;
  const sentence = error instanceof Error ? error.message : String(error);
  const stack = debug && error instanceof Error ? (error.stack ?? sentence) : undefined;
  if (usage) return { text: `tapline: ${stack ?? sentence}\n`, code: 2 };
  const hint = 'This error is unexpected. Set TAPLINE_DEBUG=1 to print the stack trace.';
  return { text: `tapline: ${stack ?? `${sentence}\n${hint}`}\n`, code: 1 };
}
