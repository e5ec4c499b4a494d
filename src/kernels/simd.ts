import type { Pages } from './arena.ts';
import { bytes as fusedBytes } from './fused-bytes.ts';
import type { Kernels } from './kernels.ts';
import { bytes as simdBytes } from './simd-bytes.ts';

/**
 * Instantiates the WebAssembly kernels over `memory`. Compiles synchronously from bytes that are part of the source code,
 * so that they are the same in Node.js, in a worker, and in a page. Throws if the runtime does not support WebAssembly
 * SIMD (or relaxed SIMD for 'fused'), or if the policy of a page does not allow it.
 */
export function instantiate(kind: 'simd' | 'fused', memory: Pages): Kernels {
  const text = atob(kind === 'simd' ? simdBytes : fusedBytes);
  try {
    const module = new WebAssembly.Module(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: memory as WebAssembly.Memory } });
    return exports as unknown as Kernels;
  } catch (cause) {
    const needs = kind === 'simd' ? 'SIMD' : 'relaxed SIMD';
    throw new Error(`kind must be supported by this runtime, got '${kind}', which needs WebAssembly with ${needs}`, {
      cause,
    });
  }
}
