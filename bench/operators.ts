import { Subject } from 'rxjs';
import { Network, type Block } from 'tapline';
import { convolve } from 'tapline/operators';
import type { Contestant } from './contestant.ts';
import type { Workload } from './workloads.ts';

/** The engine behind the operator `convolve`, one block in and one block out. */
export function operators({ spec, weights, blocks, step, inChannels }: Workload): Contestant {
  const source = new Subject<Block>();
  let last: Float32Array = new Float32Array(0);
  source.pipe(convolve(Network.create(spec, { weights }))).subscribe(({ data }) => (last = data));
  let at = 0;
  let start = 0;
  return {
    engine: 'tapline, operators',
    run(calls) {
      for (let i = 0; i < calls; i++) {
        source.next({ data: blocks[at], channels: inChannels, start, rate: 250, time: 4 * start });
        start += step;
        at = (at + 1) & (blocks.length - 1);
      }
      return last;
    },
  };
}
