import type { Block } from '../core/blocks/block.ts';
import { GapFiller } from '../core/blocks/gap-filler.ts';

/**
 * Returns a function that numbers the blocks of a stream continuously across connections. Repeated frames of a run are
 * dropped. A new run continues after the last frame if its own numbering would go back.
 *
 *     run 3  [0 1][2 3]  (server restarted)  [2 3 4]    run 4  [0 1]
 *     output [0 1][2 3]                      [4]               [5 6]
 */
export function runNumbering(): (block: Block, run: number) => Block[] {
  const overlaps = new GapFiller({ policy: 'none' });
  let last: number | undefined;
  let offset = 0;
  let expected = 0;
  return (block, run) => {
    if (run !== last) offset = Math.max(offset, expected - block.start);
    last = run;
    const start = block.start + offset;
    expected = Math.max(expected, start + block.data.length / block.channels);
    return overlaps.push(offset === 0 ? block : { ...block, start });
  };
}
