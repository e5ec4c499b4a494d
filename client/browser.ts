/**
 * Everything that runs in a browser, as one file for a page without a build step: core, the pieces, and the operators.
 * `convolve` is core's, for whole recordings; the operator of that name is `operators.convolve`.
 */
export * from '../src/index.ts';
export * from '../src/operators/index.ts';
export * from './index.ts';
export { convolve } from '../src/index.ts';
export * as operators from '../src/operators/index.ts';
