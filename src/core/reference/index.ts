/** The specification: every layer on whole recordings, in double precision, for who wants to check a stream against it. */
export { conv1d, conv1dGradients } from './conv1d.ts';
export { networkGradients, runNetwork } from './network.ts';
