import { Engine } from '../src/core/memory/engine.ts';

/** One engine of each kind that promises the same bits. */
export const simd: Engine = new Engine('simd');
export const plain: Engine = new Engine('plain');
