import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compilers, installPackage, isInstalled, nodeTypeErrors, typeErrors } from './packed-package.ts';

describe.each(compilers.filter(([, tsc]) => isInstalled(tsc)))(
  'the packed types, under TypeScript %s',
  (_version, tsc) => {
    let folder = '';
    beforeAll(async () => {
      folder = await installPackage();
    });
    afterAll(() => rm(folder, { recursive: true, force: true }));

    test('compile with bundler resolution', async () => {
      expect(await typeErrors(folder, tsc, 'bundler')).toBe('');
    });

    test.each(['nodenext', 'bundler'] as const)(
      'compile without the types of the DOM, %s resolution',
      async (resolution) => {
        expect(await nodeTypeErrors(folder, tsc, resolution)).toBe('');
      },
    );
  },
);
