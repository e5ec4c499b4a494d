import { lineCapacity } from './delay-line.ts';
import { sum } from '../sum.ts';

/** What a stream takes of memory, in bytes: in its engine's arena, and as JavaScript objects (measured in Node 20). */
export interface Memory {
  readonly arena: number;
  readonly objects: number;
}

/** Of the objects that every stream has: itself, its stack of layers, its lease. */
export const streamObjects = 1600;

/** Of a layer whose delay line keeps `kept` frames of `channels` and has room for `block` more; with gradients there is a line of these, too. */
export function lineMemory(channels: number, kept: number, gradients: boolean, block = 0): Memory {
  const line = 4 * channels * lineCapacity(kept, block);
  return gradients
    ? { arena: line + 4 * channels * lineCapacity(2 * kept), objects: 680 }
    : { arena: line, objects: 400 };
}

/** Of a layer that works frame by frame; with gradients it keeps its inputs. */
export function rowMemory(channels: number, gradients: boolean): Memory {
  return gradients ? { arena: 4 * channels * lineCapacity(0), objects: 160 } : { arena: 0, objects: 50 };
}

/** Of several together. */
export function memoryOfAll(parts: readonly Memory[]): Memory {
  return { arena: sum(parts, ({ arena }) => arena), objects: sum(parts, ({ objects }) => objects) };
}
