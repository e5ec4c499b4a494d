/**
 * Everything that runs in a browser, as one file for a page without a build step. Flat names are those of 'tapline' and
 * 'tapline/client'; operators are under `operators`, as in `operators.convolve`.
 */
export * from '../src/index.ts';
export * from './index.ts';
export * as operators from '../src/operators/index.ts';
