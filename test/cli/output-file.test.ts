import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyCommand } from '../../src/cli/apply.ts';
import { detectCommand } from '../../src/cli/detect.ts';
import { learnCommand } from '../../src/cli/learn/learn.ts';
import { recordCommand } from '../../src/cli/record.ts';
import { checkOutputs } from '../../src/cli/output-file.ts';

let directory: string;
const at = (name: string) => join(directory, name);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  await writeFile(at('input.csv'), 'x\n1\n2\n');
  await writeFile(at('network.json'), '{"inChannels":1,"layers":[{"type":"conv1d","outChannels":1,"kernelSize":1}]}');
  await symlink(directory, at('here'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('output files', () => {
  test('must differ from each other and from the inputs, whether they exist or not', () => {
    const inputs = [at('input.csv'), at('none/x.csv')];
    expect(() => checkOutputs([at('a'), undefined, at('b'), undefined], inputs)).not.toThrow();
    expect(() => checkOutputs([at('a'), at('here/a')])).toThrow('here/a: this file is already used for another output');
    expect(() => checkOutputs([at('b'), at('here/input.csv')], inputs)).toThrow(
      'here/input.csv: this file is the input',
    );
    expect(() => checkOutputs([at('none/a')])).toThrow('none/a: the directory does not exist');
    expect(() => checkOutputs([directory])).toThrow('this is a directory, not a file');
  });

  test.each([
    [
      'learn',
      learnCommand,
      ['input.csv', '-o', 'same', '--report', './same'],
      'same: this file is already used for another output',
    ],
    ['learn', learnCommand, ['input.csv', '-o', 'a', '--report', 'input.csv'], 'input.csv: this file is the input'],
    ['learn', learnCommand, ['input.csv', '-o', 'network.json', '--network', 'network.json'], 'this file is the input'],
    ['learn', learnCommand, ['input.csv', '-o', '-'], "'-': this output cannot be written to standard output"],
    [
      'detect',
      detectCommand,
      ['input.csv', '-o', 'same', '--report', './same'],
      'same: this file is already used for another output',
    ],
    ['detect', detectCommand, ['input.csv', '--report', 'input.csv'], 'input.csv: this file is the input'],
    ['detect', detectCommand, ['input.csv', '-o', 'input.csv'], 'input.csv: this file is the input'],
    ['detect', detectCommand, ['input.csv', '--report', '-'], "'-': this output cannot be written to standard output"],
    [
      'apply',
      applyCommand,
      ['network.json', 'input.csv', '-o', 'network.json'],
      'network.json: this file is the input',
    ],
    ['record', recordCommand, ['x', '-o', '-'], "'-': this output cannot be written to standard output"],
  ] as const)('%#: %s rejects other files before it starts', async (_, command, args, sentence) => {
    const paths = args.map((arg) => (/^(\.\/)?\w+(\.\w+)?$/.test(arg) && arg !== 'x' ? at(arg) : arg));
    await expect(command().parseAsync([...paths], { from: 'user' })).rejects.toThrow(sentence);
  });
});
