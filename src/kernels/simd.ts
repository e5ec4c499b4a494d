import type { Pages } from './arena.ts';
import { bytes as fusedBytes } from './fused-bytes.ts';
import type { Kernels } from './kernels.ts';
import { bytes as simdBytes } from './simd-bytes.ts';

/**
 * The kernels as WebAssembly over `memory`. Compiled at once, from bytes that travel within the code, so that they are the same in
 * Node, in a worker and in a page. Throws where the machine has no WebAssembly with SIMD (or, for 'fused', relaxed SIMD), or a
 * page's policy forbids it.
 */
export function instantiate(kind: 'simd' | 'fused', memory: Pages): Kernels {
  const text = atob(kind === 'simd' ? simdBytes : fusedBytes);
  try {
    const module = new WebAssembly.Module(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: memory as WebAssembly.Memory } });
    return exports as unknown as Kernels;
  } catch (cause) {
    const needs = kind === 'simd' ? 'SIMD' : 'relaxed SIMD';
    throw new Error(`kind must be one that runs here, got '${kind}', which needs WebAssembly with ${needs}`, { cause });
  }
}
