/**
 * Everything that runs in a browser in one file, for pages without a build step: core, the operators, and the components.
 * `convolve` is the function of core for whole recordings; the operator of that name is `operators.convolve`.
 */
export * from '../src/index.ts';
export * from '../src/operators/index.ts';
export * from './index.ts';
export { convolve } from '../src/index.ts';
export * as operators from '../src/operators/index.ts';
