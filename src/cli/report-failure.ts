import { CommanderError } from '@commander-js/extra-typings';
import { UsageError } from './usage-error.ts';

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
