import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyCommand } from '../../src/cli/apply.ts';
import { detectCommand } from '../../src/cli/detect.ts';
import { learnCommand } from '../../src/cli/learn/learn.ts';
import { recordCommand } from '../../src/cli/record.ts';
import { checkTargets } from '../../src/cli/output-file.ts';

let directory: string;
const at = (name: string) => join(directory, name);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  await writeFile(at('input.csv'), 'x\n1\n2\n');
  await writeFile(at('network.json'), '{"inChannels":1,"layers":[{"type":"conv1d","outChannels":1,"kernelSize":1}]}');
  await symlink(directory, at('here'));
});
afterAll(() => rm(directory, { recursive: true }));

describe('files to write', () => {
  test('are each another one, by whatever path, whether they are there or not', () => {
    const inputs = [at('input.csv'), at('none/x.csv')];
    expect(() => checkTargets([at('a'), undefined, at('b'), undefined], inputs)).not.toThrow();
    expect(() => checkTargets([at('a'), at('here/a')])).toThrow('here/a: is written already; name another file');
    expect(() => checkTargets([at('b'), at('here/input.csv')], inputs)).toThrow('here/input.csv: is read from here');
    expect(() => checkTargets([at('none/a')])).toThrow('none/a: its directory is not there');
    expect(() => checkTargets([directory])).toThrow('is a directory, not a file to write');
  });

  test.each([
    ['learn', learnCommand, ['input.csv', '-o', 'same', '--report', './same'], 'same: is written already'],
    ['learn', learnCommand, ['input.csv', '-o', 'a', '--report', 'input.csv'], 'input.csv: is read from here'],
    ['learn', learnCommand, ['input.csv', '-o', 'network.json', '--network', 'network.json'], 'is read from here'],
    ['learn', learnCommand, ['input.csv', '-o', '-'], '-: is standard output'],
    ['detect', detectCommand, ['input.csv', '-o', 'same', '--report', './same'], 'same: is written already'],
    ['detect', detectCommand, ['input.csv', '--report', 'input.csv'], 'input.csv: is read from here'],
    ['detect', detectCommand, ['input.csv', '-o', 'input.csv'], 'input.csv: is read from here'],
    ['detect', detectCommand, ['input.csv', '--report', '-'], '-: is standard output'],
    ['apply', applyCommand, ['network.json', 'input.csv', '-o', 'network.json'], 'network.json: is read from here'],
    ['record', recordCommand, ['x', '-o', '-'], '-: is standard output'],
  ] as const)('%#: %s refuses others before it begins', async (_, command, args, sentence) => {
    const paths = args.map((arg) => (/^(\.\/)?\w+(\.\w+)?$/.test(arg) && arg !== 'x' ? at(arg) : arg));
    await expect(command().parseAsync([...paths], { from: 'user' })).rejects.toThrow(sentence);
  });
});
