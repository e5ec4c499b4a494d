import { vi } from 'vitest';

/** Runs a command in this process and returns its output; rejects with the error that it throws. */
export async function runCommand(
  command: { exitOverride(): { parseAsync(args: string[], from: { from: 'user' }): Promise<unknown> } },
  args: readonly string[],
): Promise<{ stdout: string; stderr: string }> {
  const output = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((to) =>
    vi.spyOn(process[to], 'write').mockImplementation((text) => {
      output[to] += String(text);
      return true;
    }),
  );
  try {
    await command.exitOverride().parseAsync([...args], { from: 'user' });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return output;
}
