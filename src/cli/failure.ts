import { CommanderError } from '@commander-js/extra-typings';

/** What whoever typed the command can put right: told in one sentence, exit code 2. */
export class UsageError extends Error {
  constructor(sentence: string, options?: ErrorOptions) {
    super(sentence, options);
    this.name = 'UsageError';
  }
}

/** Runs `work`; what it throws is a fault of the input: the sentence, behind `subject` where one is given. */
export function asUsage<T>(work: () => T, subject = ''): T {
  try {
    return work();
  } catch (error) {
    throw usageOf(error, subject);
  }
}

/** An error as a fault of the input. */
export function usageOf(error: unknown, subject = ''): UsageError {
  if (error instanceof UsageError) return error;
  const sentence = error instanceof Error ? error.message : String(error);
  return new UsageError(subject === '' ? sentence : `${subject}: ${sentence}`, { cause: error });
}

/** What a command that failed says on stderr, and its exit code. */
export interface Failure {
  text: string;
  code: number;
}

/**
 * Exit code 2 for wrong input, with its one sentence (commander has said its own already); 1 for what nobody expected,
 * with its sentence and how to get the stack, or the stack where `debug` asks for it.
 */
export function reportFailure(error: unknown, debug: boolean): Failure {
  if (error instanceof CommanderError) return { text: '', code: error.exitCode === 0 ? 0 : 2 };
  const usage = error instanceof UsageError;
  const sentence = error instanceof Error ? error.message : String(error);
  const stack = debug && error instanceof Error ? (error.stack ?? sentence) : undefined;
  if (usage) return { text: `tapline: ${stack ?? sentence}\n`, code: 2 };
  const hint = 'This should not happen. TAPLINE_DEBUG=1 before the command shows the stack.';
  return { text: `tapline: ${stack ?? `${sentence}\n${hint}`}\n`, code: 1 };
}
