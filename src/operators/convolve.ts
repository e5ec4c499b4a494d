import type { OperatorFunction } from 'rxjs';
import type { Block } from '../core/blocks/block.ts';
import { Convolver } from '../core/network/convolver.ts';
import type { Network } from '../core/network/network.ts';
import type { NetworkSpec } from '../core/network/network-spec.ts';
import { lift } from './lift.ts';

export interface ConvolveOptions {
  /** Do what the next output needs of the frames so far once outputs were handed on, so that it comes sooner. Default false. */
  eager?: boolean;
}

/**
 * Runs a network over a stream of blocks, equation (2): causal, with memory of its own for every subscriber.
 *
 *     source  --[0 1 2]--[3 4]----[8 9]--|          stride 2: output n hangs on frame 2n; 5, 6 and 7 never came
 *             convolve(network)
 *     output  --[0   1]--[2]------[4]----|          start counts outputs; rate is halved
 *
 * A block brings a block with the outputs that hang in it, or none where none does. A jump of `start` is a gap: what
 * sees it is invalid, and nothing is invented for it. Completion brings the tail of modes that have one.
 *
 * @param network a network, whose weights are read live; a spec, started from seed 1; or the taps of one kernel in lag
 * order, laid over every channel
 * @returns an operator that throws RangeError through `error` when a block does not fit or goes back in time
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
