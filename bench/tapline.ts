import { Engine, Network } from 'tapline';
import type { Contestant } from './contestant.ts';
import type { Workload } from './workloads.ts';

/** Tapline's engine without allocation (`pushInto`). */
export function tapline(workload: Workload): Contestant {
  return drive('tapline', workload, Engine.shared);
}

/** Tapline's fused engine. undefined if this Node.js version does not support it. */
export function fused(workload: Workload): Contestant | undefined {
  const engine = fusedEngine();
  return engine && drive('tapline, fused', workload, engine);
}

let made: Engine | null | undefined;

function fusedEngine(): Engine | undefined {
  if (made === undefined) {
    try {
      made = new Engine('fused');
    } catch {
      made = null;
    }
  }
  return made ?? undefined;
}

function drive(name: string, workload: Workload, engine: Engine): Contestant {
  const { spec, weights, blocks, step, stride, outChannels } = workload;
  const stream = Network.create(spec, { weights, engine }).stream();
  const out = new Float32Array(Math.ceil(step / stride) * outChannels);
  let at = 0;
  return {
    engine: name,
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
