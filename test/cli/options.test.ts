import { Command } from '@commander-js/extra-typings';
import { describe, expect, test } from 'vitest';
import { deprecate, positiveNumber } from '../../src/cli/options.ts';
import { program } from '../../src/cli/program.ts';
import { runCommand } from './run-command.ts';

/** A command that prints the values of its options. */
function command() {
  const made = new Command('x')
    .option('--learning-rate <mu>', 'Learning rate', positiveNumber())
    .option('--input <input>', 'Input', 'raw')
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .action((options) => void process.stdout.write(JSON.stringify(options)));
  deprecate(made, '--step <mu>', '--learning-rate');
  deprecate(made, '--standardize', '--input', 'standardized');
  return made;
}

describe('a deprecated option', () => {
  test('sets the new one and prints a note', async () => {
    const { stdout, stderr } = await runCommand(command(), ['--step', '0.5']);
    expect(JSON.parse(stdout)).toMatchObject({ learningRate: 0.5 });
    expect(stderr).toBe('--step is deprecated; use --learning-rate\n');
  });

  test('that was a switch sets the new one to a value', async () => {
    const { stdout, stderr } = await runCommand(command(), ['--standardize']);
    expect(JSON.parse(stdout)).toMatchObject({ input: 'standardized' });
    expect(stderr).toBe('--standardize is deprecated; use --input standardized\n');
  });

  test('is checked like the new one', async () => {
    await expect(runCommand(command(), ['--step', '0'])).rejects.toThrow(
      "option '--learning-rate <mu>' argument '0' is invalid. It must be a number > 0.",
    );
  });

  test('is not in the help', () => {
    expect(command().helpInformation()).not.toContain('--step');
    expect(command().helpInformation()).toContain('--learning-rate');
  });
});

describe('the help', () => {
  const all = program('0').commands.flatMap((each) => [each, ...each.commands]);

  test('has a sentence for every command, argument, and option, which starts with a capital letter', () => {
    const texts = all.flatMap((each) => [
      each.summary(),
      each.description(),
      ...each.registeredArguments.map(({ description }) => description),
      ...each.options.filter(({ hidden }) => !hidden).map(({ description }) => description),
    ]);
    expect(texts.filter((text) => !/^[A-Z0-9]/.test(text))).toEqual([]);
  });

  test('describes an option of several commands in the same way, except where it adds to it', () => {
    const byName = new Map<string, Set<string>>();
    for (const { long, flags, hidden } of all.flatMap(({ options }) => options))
      if (!hidden && long) byName.set(long, new Set([...(byName.get(long) ?? []), flags]));
    const different = [...byName].filter(([, flags]) => flags.size > 1).map(([name]) => name);
    // An output is a file or a directory; the networks of serve belong to streams; a span of a recorded stream is from a time to a time;
    // the warm-up of a backtest is a time, that of learn a number of updates.
    expect(different).toEqual(['--network', '--to', '--from', '--output', '--warm-up']);
  });
});
