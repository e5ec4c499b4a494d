import { Command } from '@commander-js/extra-typings';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { inspectCommand } from '../../src/cli/inspect.ts';
import { program } from '../../src/cli/program.ts';
import { commandText, readOptionsOf, withReadingOptions } from '../../src/cli/reading-options.ts';
import { encodeEdf } from '../formats/encode-edf.ts';
import { runCommand } from './run-command.ts';

const directory = mkdtempSync(join(tmpdir(), 'tapline-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The options of a reader that a command was given. */
async function optionsOf(...args: string[]): Promise<unknown> {
  const command = withReadingOptions(new Command('x').option('--other <text>', 'Other'))
    .configureOutput({ writeErr: () => undefined })
    .action((values) => void process.stdout.write(JSON.stringify(readOptionsOf(values))));
  return JSON.parse((await runCommand(command, args)).stdout);
}

describe('the options for reading a recording', () => {
  test('are those of the readers; others are not passed on', async () => {
    expect(await optionsOf('--other', 'x')).toEqual({});
    const all = ['--columns', 'a,2-3,4', '--rate', '250', '--max-gap', '0.5', '--time-unit', 'ms', '--sort'];
    const more = ['--time-format', 'DD/MM/YYYY HH:mm', '--series', 'device', '--skip', '3'];
    expect(await optionsOf(...all, ...more)).toEqual({
      columns: ['a', '2-3', 4],
      rate: 250,
      maxGap: 0.5,
      timeUnit: 'ms',
      sort: true,
      timeFormat: 'DD/MM/YYYY HH:mm',
      series: 'device',
      skip: 3,
    });
    expect(await optionsOf('--series', '2', '--skip', '0')).toEqual({ series: 2, skip: 0 });
  });

  test.each([
    ['--rate', '0', 'a number > 0 in Hz'],
    ['--max-gap', '-1', 'a number > 0 in seconds'],
    ['--skip', '1.5', 'an integer >= 0'],
    ['--time-unit', '', 'a unit'],
    ['--time-format', ' ', 'a format'],
    ['--columns', 'a,,b', 'a comma-separated list'],
  ])('reject %s %j', async (option, value, rule) => {
    await expect(optionsOf(option, value)).rejects.toThrow(rule);
  });

  test.each(['inspect', 'apply', 'learn', 'detect', 'replay'])('belong to %s', (name) => {
    const help = program('0')
      .commands.find((each) => each.name() === name)
      ?.helpInformation();
    for (const flag of ['columns', 'rate', 'time-unit', 'time-format', 'sort', 'series', 'skip', 'max-gap'])
      expect(help).toContain(`  --${flag} `);
  });

  test('for text files are ignored with a note in other formats', async () => {
    const path = join(directory, 'x.edf');
    writeFileSync(path, encodeEdf({ signals: [{ label: 'x', records: [[1, 2]] }] }));
    const { stdout } = await runCommand(inspectCommand(), [path, '--json', '--skip', '2', '--sort']);
    expect((JSON.parse(stdout) as { notes: string[] }).notes.at(-1)).toBe(
      'Ignored --sort, --skip: these options apply only to CSV and OpenBCI files.',
    );
  });
});

test('a sentence of a reader names the options of the command', () => {
  expect(commandText('Set another unit with the option timeUnit.')).toBe('Set another unit with --time-unit <unit>.');
  expect(commandText("x.csv: timeUnit must be one of s, ms, got 'ticks'")).toBe(
    "x.csv: --time-unit must be one of s, ms, got 'ticks'",
  );
  expect(commandText('the option backlog, and the sort of it')).toBe('the option backlog, and the sort of it');
});
