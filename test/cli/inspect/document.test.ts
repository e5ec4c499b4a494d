import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { inspectCommand } from '../../../src/cli/inspect.ts';
import { runCommand } from '../run-command.ts';

test('the example in docs/files.md is the output of the command', async () => {
  const { stdout } = await runCommand(inspectCommand(), ['examples/greenhouse.csv']);
  expect(await readFile('docs/files.md', 'utf8')).toContain(
    `$ npx tapline inspect examples/greenhouse.csv\n${stdout.trimEnd()}\n\`\`\`\n`,
  );
});
