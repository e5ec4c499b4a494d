import { adam, autoStep, Network, nlms, type Optimizer, random, rls, sgd } from 'tapline';
import type { Contestant } from './contestant.ts';
import { digits, table } from './report.ts';
import { race } from './rounds.ts';

const [channels, taps, outputs] = [8, 16, 8];

/** Prints the time of a learning step, that is forward, gradient, and update of one frame, with each optimizer. */
export async function measureOptimizers(rounds: number): Promise<void> {
  const optimizers: [string, Optimizer][] = [
    ['nlms', nlms({ learningRate: 1e-3 })],
    ['sgd', sgd({ learningRate: 1e-6 })],
    ['adam', adam({ learningRate: 1e-6 })],
    ['autoStep', autoStep()],
    ['rls', rls()],
  ];
  const timings = await race(
    optimizers.map(([name, optimizer]) => learningSteps(name, optimizer)),
    rounds,
  );
  console.log(`\nLearning steps of ${channels} channels × ${taps} taps, ${outputs} outputs, one frame\n`);
  const rows = timings.map(({ engine, us, ratio }) => [engine, digits(us), digits(ratio)]);
  console.log(table(['optimizer', 'µs', '÷ nlms'], rows));
}

/** Learns to forecast noise. */
function learningSteps(engine: string, optimizer: Optimizer): Contestant {
  const chance = random(1);
  const layers = [{ type: 'conv1d' as const, outChannels: outputs, kernelSize: taps }];
  const network = Network.create({ inChannels: channels, layers }, { seed: 1, zeroOutput: true });
  const stream = network.stream({ gradients: true });
  const frames = Array.from({ length: 64 }, () => Float32Array.from({ length: channels }, () => chance.normal()));
  const [out, gradients, dx] = [
    new Float32Array(outputs),
    new Float32Array(outputs),
    new Float32Array(4 * taps * channels),
  ];
  let at = 0;
  let pushed = false;
  return {
    engine,
    run(calls) {
      for (let i = 0; i < calls; i++) {
        const frame = frames[at];
        if (pushed) {
          for (let c = 0; c < outputs; c++) gradients[c] = out[c] - frame[c];
          stream.backwardInto(gradients, dx);
          optimizer.step(network, stream);
        }
        pushed = stream.pushInto(frame, out) > 0;
        at = (at + 1) & 63;
      }
      return out;
    },
  };
}
