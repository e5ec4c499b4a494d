import { vi } from 'vitest';

/** What a command writes to stdout and stderr, run to its end in this process; rejects with what it throws. */
export async function runCommand(
  command: { exitOverride(): { parseAsync(args: string[], from: { from: 'user' }): Promise<unknown> } },
  args: readonly string[],
): Promise<{ stdout: string; stderr: string }> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((to) =>
    vi.spyOn(process[to], 'write').mockImplementation((text) => {
      said[to] += String(text);
      return true;
    }),
  );
  try {
    await command.exitOverride().parseAsync([...args], { from: 'user' });
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return said;
}
