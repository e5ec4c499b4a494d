import type { Contestant } from './contestant.ts';
import type { Workload } from './workloads.ts';
import { Subject } from 'rxjs';
import { type Block, Engine, Learner, Network, Pipeline, type PipelineOutput, random, sgd } from 'tapline';
import { convolve } from 'tapline/operators';

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

/** A pipeline with only one feature map. */
export function pipelineWithOneMap({ spec, weights, blocks, step, inChannels }: Workload): Contestant {
  const network = Network.create(spec, { weights });
  const push = inOrder(Pipeline.create({ network: spec }, { network }), blocks, step, inChannels);
  return { engine: 'tapline, pipeline', run: (calls) => push(calls)?.features?.data ?? new Float32Array(0) };
}

/** A pipeline with only a detector, on the digest. */
export function detection({ blocks, step, inChannels }: Workload): Contestant {
  const push = inOrder(Pipeline.create({ detect: { digest: 'auto' } }), blocks, step, inChannels);
  return { engine: 'tapline, detector', run: (calls) => push(calls)?.detected?.score.data ?? new Float32Array(0) };
}

/** Returns a function that pushes blocks of a stream at 250 Hz, one after the other, and returns the last output. */
function inOrder(
  pipeline: Pipeline,
  blocks: readonly Float32Array[],
  step: number,
  channels: number,
): (calls: number) => PipelineOutput | undefined {
  let at = 0;
  let start = 0;
  return (calls) => {
    let last: PipelineOutput | undefined;
    for (let i = 0; i < calls; i++) {
      [last] = pipeline.push({ data: blocks[at], channels, start, rate: 250, time: 4 * start });
      start += step;
      at = (at + 1) & (blocks.length - 1);
    }
    return last;
  };
}

/** The forward pass, ∂L/∂w, and ∂L/∂x take the same number of multiply-adds. */
const passes = 3;

/** A learning rate so small that the outputs stay comparable, although every update changes the weights. */
const learningRate = 1e-7;

/**
 * A learning step per frame: ∂L/∂w and ∂L/∂x of the last output, an update, and the forward pass of the next frame. ∂L/∂y is
 * given, because users compute it themselves.
 */
export function learningStep(workload: Workload): Contestant {
  const { optimizer, network, stream, gradients, x, y, gradientX } = learning(workload);
  const none = new Float32Array(0);
  let at = 0;
  let owed = 0;
  return {
    engine: 'tapline, learning step',
    passes,
    run(calls) {
      for (let i = 0; i < calls; i++) {
        const gradient = owed > 0 ? gradients[at] : none;
        owed = optimizer.learnInto!(network, stream, gradient, gradientX, x[at], y);
        at = (at + 1) & (x.length - 1);
      }
      return y.subarray(0, owed * workload.outChannels);
    },
  };
}

/** The same in three calls: forward, ∂L/∂w and ∂L/∂x, and an update per output. */
export function learningStepInThreeCalls(workload: Workload): Contestant {
  const { optimizer, network, stream, gradients, x, y, gradientX } = learning(workload);
  let at = 0;
  let sinceUpdate = 0;
  return {
    engine: 'tapline, learning step in three calls',
    passes,
    run(calls) {
      let frames = 0;
      for (let i = 0; i < calls; i++) {
        frames = stream.pushInto(x[at], y);
        if (frames > 0) stream.backwardInto(gradients[at], gradientX);
        if (++sinceUpdate === workload.stride) {
          optimizer.step(network, stream);
          sinceUpdate = 0;
        }
        at = (at + 1) & (x.length - 1);
      }
      return y.subarray(0, frames * workload.outChannels);
    },
  };
}

function learning(workload: Workload) {
  const { spec, weights, inChannels, outChannels, receptiveField } = workload;
  const network = Network.create(spec, { weights });
  return {
    network,
    stream: network.stream({ gradients: true }),
    optimizer: sgd({ learningRate }),
    gradients: noise(workload),
    x: workload.blocks,
    y: new Float32Array(outChannels),
    gradientX: new Float32Array(4 * receptiveField * inChannels),
  };
}

/** The package's learner in blocks, with a target for every output. It also scores its predictions. */
export function learner(workload: Workload, holdout = true): Contestant {
  const { spec, weights, blocks, step, stride, inChannels, outChannels } = workload;
  const network = Network.create(spec, { weights });
  // the errors of a learner are larger than the gradients above
  const optimizer = sgd({ learningRate: learningRate / 10 });
  const trained = new Learner(network, { task: 'target', optimizer, updateEvery: stride, holdout });
  const targets = noise(workload);
  let at = 0;
  let start = 0;
  return {
    engine: holdout ? 'tapline, Learner' : 'tapline, Learner without holdout',
    passes,
    run(calls) {
      let prediction: Float32Array = new Float32Array(0);
      for (let i = 0; i < calls; i++) {
        trained.teach({ data: targets[at], channels: outChannels, start, rate: 0, time: 0 });
        const learned = trained.push({ data: blocks[at], channels: inChannels, start, rate: 0, time: 0 });
        prediction = learned.prediction.data;
        start += step;
        at = (at + 1) & (blocks.length - 1);
      }
      return prediction;
    },
  };
}

/** Returns noise of [step, out] for every block of the input. */
function noise({ blocks, step, outChannels }: Workload): Float32Array[] {
  const rng = random(2);
  return blocks.map(() => Float32Array.from({ length: step * outChannels }, () => rng.normal()));
}
