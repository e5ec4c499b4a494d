import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { compile, fileOf, moduleOf } from '../../src/kernels/assembly/build.ts';

test.each(['simd', 'fused'] as const)(
  'the bytes of the %s kernels are what their source compiles to (invariant 14)',
  async (build) => {
    expect(await readFile(fileOf(build), 'utf8')).toBe(moduleOf(await compile(build)));
  },
);
