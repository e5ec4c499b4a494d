import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { reportFailure } from '../../src/cli/failure.ts';
import { inspectCommand } from '../../src/cli/inspect.ts';
import { run } from '../cli/run-tapline.ts';
import { runCommand } from '../cli/run-command.ts';
import { checkInspection, type InspectCase, type Inspected } from './check-inspection.ts';

const directory = fileURLToPath(new URL('../../../shared/cases/', import.meta.url));
const list = `${directory}expect.json`;
const present = existsSync(list);
if (!present) console.info('skipped: ../shared/cases is absent');
const cases = present ? (JSON.parse(readFileSync(list, 'utf8')) as InspectCase[]) : [];

/** The result of `tapline inspect --json` from its output and its exit code. */
function inspected(path: string, code: number | null, stdout: string, stderr: string): Inspected {
  if (code === 0) return { json: JSON.parse(stdout) as Record<string, unknown> };
  expect({ code, stdout, lines: stderr.match(/\n/g)?.length }).toEqual({ code: 2, stdout: '', lines: 1 });
  return { sentence: stderr.replace(path, 'FILE') };
}

const argumentsOf = ({ file, args = [] }: InspectCase) => [`${directory}${file}`, '--json', ...args];

describe.skipIf(!present)('tapline inspect', () => {
  test('is run on at least one case', () => {
    expect(cases.length).toBeGreaterThan(0);
  });

  test.each(cases)('$name', async (each) => {
    const args = argumentsOf(each);
    const result = await runCommand(inspectCommand(), args).then(
      ({ stdout, stderr }) => inspected(args[0], 0, stdout, stderr),
      (error: unknown) => {
        const { code, text } = reportFailure(error, false);
        return inspected(args[0], code, '', text);
      },
    );
    expect(checkInspection(each, result)).toEqual([]);
  });

  test.each(cases.filter(({ name }) => ['brainvision', 'no-time', 'edf-records-apart'].includes(name)))(
    'in its own process: $name',
    async (each) => {
      const args = argumentsOf(each);
      const { code, stdout, stderr } = await run(['inspect', ...args]);
      expect(checkInspection(each, inspected(args[0], code, stdout, stderr))).toEqual([]);
    },
  );
});
