import { Engine } from '../src/core/engine.ts';

/** One engine of each kind that promises the same bits. */
export const simd: Engine = new Engine('simd');
export const plain: Engine = new Engine('plain');
