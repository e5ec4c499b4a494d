import { lineCapacity } from './delay-line.ts';
import { sum } from '../sum.ts';

/** Memory of a stream in bytes: in its engine's arena, and as JavaScript objects (measured in Node 20). */
export interface Memory {
  readonly arena: number;
  readonly objects: number;
}

/** Bytes of the objects that every stream has: the stream, its layer stack, and its allocation. */
export const streamObjects = 1600;

/**
 * Memory of a layer whose delay line keeps `kept` frames of `channels` channels and has room for `block` more. With
 * gradients, the layer has a gradient line as well.
 */
export function lineMemory(channels: number, kept: number, gradients: boolean, block = 0): Memory {
  const line = 4 * channels * lineCapacity(kept, block);
  return gradients
    ? { arena: line + 4 * channels * lineCapacity(2 * kept), objects: 680 }
    : { arena: line, objects: 400 };
}

/** Memory of a layer that processes each frame separately. With gradients, it keeps its inputs. */
export function rowMemory(channels: number, gradients: boolean): Memory {
  return gradients ? { arena: 4 * channels * lineCapacity(0), objects: 160 } : { arena: 0, objects: 50 };
}

/** The total of several memory sizes. */
export function memoryOfAll(parts: readonly Memory[]): Memory {
  return { arena: sum(parts, ({ arena }) => arena), objects: sum(parts, ({ objects }) => objects) };
}
