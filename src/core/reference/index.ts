/**
 * The reference implementation: every layer on whole recordings, in double precision, for checking streams against it.
 */
export { conv1d, conv1dGradients } from './conv1d.ts';
export { networkGradients, runNetwork } from './network.ts';
