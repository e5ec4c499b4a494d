import type { Layer, ParameterSpec } from '../layers/layer.ts';
import type { Pace } from '../layers/pace.ts';
import type { MemoryRange } from '../layers/trained.ts';
import type { Engine } from '../memory/engine.ts';
import type { NetworkSpec } from './network-spec.ts';

/** The side of a `Network` that its streams use: checked layers, and where the weights lie in an engine's memory. */
export interface CompiledNetwork {
  readonly spec: NetworkSpec;
  readonly engine: Engine;
  readonly layers: readonly Layer[];
  /** How outputs follow inputs in time. */
  readonly pace: Pace;
  /** Most outputs that one input frame brings. */
  readonly maxOutputsPerFrame: number;
  readonly parameters: readonly ParameterSpec[];
  /** The values of `parameters`, packed as the engine reads them. */
  readonly values: readonly MemoryRange[];
  /** Counts the changes of the weights. */
  readonly changes: { readonly version: number };
  readonly inChannels: number;
  readonly outChannels: number;
}
