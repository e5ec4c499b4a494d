/**
 * The reference implementation: every layer on whole recordings, in double precision, for checking streams against it.
 */
export { conv1d, conv1dGradients, type ReferenceConv1d } from './conv1d.ts';
export type { WeightedGradients } from './linear.ts';
export {
  networkGradients,
  runNetwork,
  type ReferenceGradients,
  type ReferenceRun,
  type ReferenceWeights,
} from './network.ts';
export type { ReferencePadding } from './padding.ts';
