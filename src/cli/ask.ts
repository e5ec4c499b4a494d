import { createInterface } from 'node:readline/promises';

/** Whether a user can be asked: both the input and the errors belong to a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks a question on the terminal. Resolves with the line of the answer; undefined after Ctrl-C or Ctrl-D. */
export async function ask(question: string): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await new Promise<string | undefined>((resolve) => {
      lines.once('SIGINT', () => lines.close());
      lines.once('close', () => resolve(undefined));
      void lines.question(question).then(resolve, () => resolve(undefined));
    });
  } finally {
    lines.close();
  }
}
