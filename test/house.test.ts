import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const isClone = existsSync(join(root, '.git'));
const tracked = isClone
  ? execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
      .split('\0')
      .filter(
        (file) =>
          file !== '' && existsSync(join(root, file)) && !/\.(png|gif|ico|safetensors|wasm|edf|arrow)$/.test(file),
      )
  : [];

/** `file:line: text` of every line of the tracked files that matches. */
function lines(pattern: RegExp, among: (file: string) => boolean = () => true): string[] {
  return tracked.filter(among).flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, i) => (pattern.test(line) ? [`${file}:${i + 1}: ${line.trim().slice(0, 120)}`] : [])),
  );
}

const isCode = (file: string) => /\.(ts|js|mjs)$/.test(file);
const isSource = (file: string) => isCode(file) && /^(src|client|examples)\//.test(file);

describe.skipIf(!isClone)('the tracked files', () => {
  test('contain no absolute paths of a computer', () => {
    const homes = ['work', 'root', 'tmp', 'home/\\w+', 'Users/\\w+', 'var/folders'].join('|');
    expect(lines(new RegExp(`(^|[\\s"'\`(=:])/(${homes})/`), (file) => file !== 'test/house.test.ts')).toEqual([]);
    expect(lines(/[A-Z]:\\Users\\/, (file) => file !== 'test/house.test.ts')).toEqual([]);
  });

  test('contain no URLs of package registries', () => {
    const found = lines(
      /https?:\/\/[^\s"']*(registry|artifactory|nexus|verdaccio|mirror)/,
      (file) => file !== 'test/house.test.ts',
    );
    expect(found).toEqual([]);
    expect(lines(/"resolved": "(?!file:)/, (file) => file === 'package-lock.json')).toEqual([]);
  });

  test('contain no to-do comments and no comments that disable a check', () => {
    const later = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X'.repeat(3)].join('|')})\\b`);
    expect(lines(later, isCode)).toEqual([]);
    const off = new RegExp(`${'eslint' + '-disable'}|${'@ts' + '-'}(ignore|nocheck)`);
    expect(lines(off, isCode)).toEqual([]);
  });

  test('export by name only', () => {
    expect(lines(/^export default\b/, isSource)).toEqual([]);
  });
});
