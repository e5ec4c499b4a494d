import { Arena, type Pages } from '../../kernels/arena.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { plainKernels } from '../../kernels/plain.ts';
import { instantiate } from '../../kernels/simd.ts';
import { warmUp } from '../../kernels/warm-up.ts';
import { oneOf } from '../check.ts';
import { Allocation } from './allocation.ts';
import { Scratch } from './rows.ts';

/**
 * The implementation of the inner loops. 'simd' uses WebAssembly SIMD. 'plain' uses TypeScript and gives the same bits
 * where WebAssembly SIMD is not available. 'fused' uses WebAssembly with fused multiply-add where the machine supports
 * it, which is faster but gives different bits.
 */
export type EngineKind = 'simd' | 'plain' | 'fused';

/**
 * The inner loops, and the memory that all networks and streams of this engine share. The memory of a network or stream
 * is released when it is garbage-collected, or earlier by `close` of the stream. Released memory is reused, but not
 * returned to the operating system.
 */
export class Engine {
  /** The implementation of the inner loops. */
  readonly kind: EngineKind;
  /** @internal */
  readonly arena: Arena;
  /** @internal */
  readonly kernels: Kernels;
  /** @internal */
  readonly scratch: Scratch;
  readonly #finalizers = new FinalizationRegistry<Allocation>((allocationFor) => {
    allocationFor.releaseAll();
  });
  static #shared: Engine | undefined;

  /** @throws Error if this runtime does not support the kind */
  constructor(kind: EngineKind) {
    this.kind = oneOf('kind', kind, ['simd', 'plain', 'fused']);
    const pages: Pages = typeof WebAssembly === 'object' ? new WebAssembly.Memory({ initial: 16 }) : new PlainPages();
    this.arena = new Arena(pages);
    this.kernels = kind === 'plain' ? plainKernels(this.arena) : instantiate(kind, pages);
    this.scratch = new Scratch(this.arena);
    warmUp(this.kernels, this.arena);
  }

  /** The default engine: 'simd' if available, otherwise 'plain'. */
  static get shared(): Engine {
    return (this.#shared ??= Engine.#fastest());
  }

  /** Bytes of memory that networks and streams currently use. */
  get bytes(): number {
    return 4 * this.arena.used;
  }

  /**
   * Creates an allocation that is released when `owner` is garbage-collected, unless it is released earlier. @internal
   */
  allocationFor(owner: object): Allocation {
    const allocation = new Allocation(this.arena);
    this.#finalizers.register(owner, allocation, allocation);
    return allocation;
  }

  /** Releases all memory of `allocation`. @internal */
  release(allocation: Allocation): void {
    this.#finalizers.unregister(allocation);
    allocation.releaseAll();
  }

  static #fastest(): Engine {
    try {
      return new Engine('simd');
    } catch {
      return new Engine('plain');
    }
  }
}

/** A replacement for WebAssembly.Memory in runtimes without WebAssembly. */
class PlainPages implements Pages {
  buffer = new ArrayBuffer(1 << 20);

  grow(pages: number): void {
    const grown = new ArrayBuffer(this.buffer.byteLength + (pages << 16));
    new Uint8Array(grown).set(new Uint8Array(this.buffer));
    this.buffer = grown;
  }
}
