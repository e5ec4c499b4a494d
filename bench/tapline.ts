import { Network } from '../src/index.ts';
import type { Contestant } from './contestant.ts';
import type { Workload } from './workloads.ts';

/** Tapline's engine, as a user drives it who does not want to allocate. */
export function tapline({ spec, weights, blocks, step, stride, outChannels }: Workload): Contestant {
  const stream = Network.create(spec, { weights }).stream();
  const out = new Float32Array(Math.ceil(step / stride) * outChannels);
  let at = 0;
  return {
    engine: 'tapline',
    run(calls) {
      let frames = 0;
      for (let i = 0; i < calls; i++) {
        frames = stream.pushInto(blocks[at], out);
        at = (at + 1) & (blocks.length - 1);
      }
      return out.subarray(0, frames * outChannels);
    },
  };
}
