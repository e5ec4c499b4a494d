import { Learner, Network, random, sgd } from 'tapline';
import type { Contestant } from './contestant.ts';
import type { Workload } from './workloads.ts';

/** Forward, ∂L/∂w and ∂L/∂x take as many multiply-adds each. */
const passes = 3;

/** So small that the weights stay comparable with those that do not learn, while every update moves them. */
const learningRate = 1e-6;

/**
 * A learning step by hand, a frame at a time: forward, ∂L/∂w and ∂L/∂x, and an update for every output. ∂L/∂y is
 * given, for it is the user's.
 */
export function learningStep(workload: Workload): Contestant {
  const { spec, weights, blocks, stride, inChannels, outChannels, receptiveField } = workload;
  const network = Network.create(spec, { weights });
  const stream = network.stream({ gradients: true });
  const optimizer = sgd({ learningRate });
  const gradients = noise(workload);
  const y = new Float32Array(outChannels);
  const gradientX = new Float32Array(4 * receptiveField * inChannels);
  let at = 0;
  let sinceUpdate = 0;
  return {
    engine: 'tapline, learning step',
    passes,
    run(calls) {
      let frames = 0;
      for (let i = 0; i < calls; i++) {
        frames = stream.pushInto(blocks[at], y);
        if (frames > 0) stream.backwardInto(gradients[at], gradientX);
        if (++sinceUpdate === stride) {
          optimizer.step(network, stream);
          sinceUpdate = 0;
        }
        at = (at + 1) & (blocks.length - 1);
      }
      return y.subarray(0, frames * outChannels);
    },
  };
}

/** The learner of the package, which also scores what it predicts: a target for every output, in blocks. */
export function learner(workload: Workload): Contestant {
  const { spec, weights, blocks, step, stride, inChannels, outChannels } = workload;
  const network = Network.create(spec, { weights });
  const trained = new Learner(network, { task: 'target', optimizer: sgd({ learningRate }), updateEvery: stride });
  const targets = noise(workload);
  let at = 0;
  let start = 0;
  return {
    engine: 'tapline, Learner',
    passes,
    run(calls) {
      let prediction: Float32Array = new Float32Array(0);
      for (let i = 0; i < calls; i++) {
        const when = { start, rate: 0, time: 0 };
        prediction = trained.push({ data: blocks[at], channels: inChannels, ...when }).prediction.data;
        trained.teach({ data: targets[at], channels: outChannels, ...when });
        start += step;
        at = (at + 1) & (blocks.length - 1);
      }
      return prediction;
    },
  };
}

/** [step, out] for every block of the input. */
function noise({ blocks, step, outChannels }: Workload): Float32Array[] {
  const chance = random(2);
  return blocks.map(() => Float32Array.from({ length: step * outChannels }, () => chance.normal()));
}
