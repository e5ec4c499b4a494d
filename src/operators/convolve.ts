import type { OperatorFunction } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { Convolver } from '../core/network/convolver.ts';
import type { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import { lift } from './lift.ts';

/** Options of `convolve`. */
export interface ConvolveOptions {
  /**
   * Precompute what the next output needs from past frames after each emission, so that the next output is available
   * sooner. Default false.
   */
  eager?: boolean;
}

/**
 * Runs a network on a stream of blocks, equation (2). It is causal, and every subscriber has its own state.
 *
 *     source  --[0 1 2]--[3 4]----[8 9]--|          stride 2: output n is aligned with frame 2n; 5, 6, and 7 are missing
 *             convolve(network)
 *     output  --[0   1]--[2]------[4]----|          start counts outputs; the rate is halved
 *
 * Each block is emitted with the outputs that are aligned with it, or not at all if there are none. A jump of `start`
 * is a gap: outputs whose window includes missing frames are invalid. On completion, modes 'same' and 'full' emit their
 * last outputs.
 *
 * @param network a network, whose weights are read live; a spec, initialized with seed 1; or the taps of one kernel in
 * lag order, applied to every channel
 * @returns an operator that emits a RangeError if a block does not match or goes back in time
 */
export function convolve(
  network: Network | NetworkSpec | ArrayLike<number>,
  options: ConvolveOptions = {},
): OperatorFunction<Block, Block> {
  const { eager = false } = options;
  const make = Convolver.of(network, { eager });
  return lift(() => {
    const convolver = make();
    return {
      ...(eager && {
        idle: () => {
          convolver.prepare();
        },
      }),
      push: (block) => listOf(convolver.push(block)),
      flush: () => listOf(convolver.flush()),
      close: () => {
        convolver.close();
      },
    };
  });
}

function listOf(block: Block | null): Block[] {
  return block ? [block] : [];
}
