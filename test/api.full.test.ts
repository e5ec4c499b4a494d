import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, run } from './run-process.ts';

const typedoc = join(root, 'node_modules/typedoc/bin/typedoc');

/** typedoc.json turns on the checks: missing docstrings, referenced types that are not exported, and broken links. */
test('every public name is documented', async () => {
  const { stdout, stderr, code } = await run(process.execPath, [typedoc, '--emit', 'none', '--logLevel', 'Warn'], {
    environment: { NO_COLOR: '1' },
  });
  expect(stdout + stderr).toBe('');
  expect(code).toBe(0);
});
