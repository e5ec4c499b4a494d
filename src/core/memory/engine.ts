import { Arena, type Pages } from '../../kernels/arena.ts';
import type { Kernels } from '../../kernels/kernels.ts';
import { plainKernels } from '../../kernels/plain.ts';
import { instantiate } from '../../kernels/simd.ts';
import { warmUp } from '../../kernels/warm-up.ts';
import { oneOf } from '../check.ts';
import { Allocation } from './lease.ts';
import { Scratch } from './rows.ts';

/**
 * What runs the inner loops: 'simd' is WebAssembly; 'plain' is TypeScript, with the same bits, where there is no WebAssembly
 * with SIMD; 'fused' is WebAssembly that rounds a product and a sum once where the machine can: faster, other bits.
 */
export type EngineKind = 'simd' | 'plain' | 'fused';

/** The inner loops and the one memory of all networks and streams that are made with it. */
export class Engine {
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

  /** @throws where the machine cannot run this kind */
  constructor(kind: EngineKind) {
    this.kind = oneOf('kind', kind, ['simd', 'plain', 'fused']);
    const pages: Pages = typeof WebAssembly === 'object' ? new WebAssembly.Memory({ initial: 16 }) : new PlainPages();
    this.arena = new Arena(pages);
    this.kernels = kind === 'plain' ? plainKernels(this.arena) : instantiate(kind, pages);
    this.scratch = new Scratch(this.arena);
    warmUp(this.kernels, this.arena);
  }

  /** The engine that is used where none is given: 'simd' where the machine has it, else 'plain'. */
  static get shared(): Engine {
    return (this.#shared ??= Engine.#fastest());
  }

  /** Bytes of its memory that networks and streams hold now. */
  get bytes(): number {
    return 4 * this.arena.used;
  }

  /** A lease on memory that ends with `owner`, or before it. @internal */
  lease(owner: object): Allocation {
    const lease = new Allocation(this.arena);
    this.#finalizers.register(owner, lease, lease);
    return lease;
  }

  /** Gives all memory of `lease` back now. @internal */
  release(lease: Allocation): void {
    this.#finalizers.unregister(lease);
    lease.releaseAll();
  }

  static #fastest(): Engine {
    try {
      return new Engine('simd');
    } catch {
      return new Engine('plain');
    }
  }
}

/** Memory that grows like WebAssembly's, where there is none. */
class PlainPages implements Pages {
  buffer = new ArrayBuffer(1 << 20);

  grow(pages: number): void {
    const grown = new ArrayBuffer(this.buffer.byteLength + (pages << 16));
    new Uint8Array(grown).set(new Uint8Array(this.buffer));
    this.buffer = grown;
  }
}
