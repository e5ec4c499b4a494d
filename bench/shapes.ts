import { bandPower, Network, type Conv1dSpec, type NetworkSpec, type Weights } from 'tapline';
import { compare, type Contestant } from './contestant.ts';
import { findFirs, type MakeFir } from './peers/fir.ts';
import { digits, gflops, table } from './report.ts';
import { race } from './rounds.ts';
import { tapline } from './tapline.ts';
import { workloadFor, workloadOf, type Workload } from './workloads.ts';

/** A workload, and the number of kernels per channel if each kernel reads one channel. */
interface Shape {
  readonly workload: Workload;
  readonly multiplier?: number;
}

const bands = bandPower({ channels: 8, rate: 250 });

/** Convolutions that are not dense, or have one output, and the dense W2 in front. */
const shapes: readonly Shape[] = [
  { workload: workloadOf('W2', 25) },
  conv('depthwise 8 → 8, 64 taps', 8, { outChannels: 8, kernelSize: 64, groups: 8 }, 25, 1),
  conv('depthwise 8 → 40, 128 taps', 8, { outChannels: 40, kernelSize: 128, groups: 8 }, 25, 5),
  { workload: workloadFor('band power, 8 channels, 250 Hz', bands.spec, bands.weights(), 25) },
  conv('1 → 1, 256 taps', 1, { outChannels: 1, kernelSize: 256 }, 1, 1),
  conv('1 → 1, 256 taps', 1, { outChannels: 1, kernelSize: 256 }, 100, 1),
  conv('16 → 16, 3 taps, dilation 8', 16, { outChannels: 16, kernelSize: 3, dilation: 8 }, 1),
];

function conv(
  shape: string,
  inChannels: number,
  layer: Omit<Conv1dSpec, 'type'>,
  step: number,
  multiplier?: number,
): Shape {
  const spec: NetworkSpec = { inChannels, layers: [{ type: 'conv1d', ...layer }] };
  const weights: Weights = Network.create(spec, { seed: 1 }).weights();
  return { workload: workloadFor(shape, spec, weights, step), multiplier };
}

/**
 * Prints the time per frame of shapes that are not dense, in one race with W2, and of FIR filters where they apply. The
 * filters of VOLK and GNU Radio receive planar samples and compute in another order.
 */
export async function measureShapes(rounds: number, peers: boolean): Promise<void> {
  const { firs, missing } = peers ? findFirs() : { firs: [], missing: [] };
  if (missing.length > 0) console.log(`\nnot installed: ${missing.join(', ')} (Debian: libvolk2-dev, gnuradio-dev)`);
  const rows: { workload: Workload; contestant: Contestant }[] = [];
  for (const shape of shapes) rows.push(...(await rowsOf(shape, firs)));
  const timings = await race(
    rows.map(({ contestant }) => contestant),
    rounds,
  );
  const frames = shapes[0].workload.step;
  const cells = rows.map(({ workload, contestant }, i) => {
    const { step, shape, operations } = workload;
    const { us, ratio } = timings[i];
    const blocks = step === 1 ? 'one frame' : `blocks of ${step}`;
    const perFrame = [digits(us / step), digits((ratio * frames) / step)];
    return [shape, blocks, contestant.engine, ...perFrame, gflops(operations, us)];
  });
  console.log(`\nShapes, interleaved with W2\n`);
  console.log(table(['shape', 'step', 'engine', 'µs per frame', 'relative to W2', 'GFLOP/s'], cells));
  for (const { contestant } of rows) await contestant.close?.();
}

async function rowsOf({ workload, multiplier }: Shape, firs: readonly MakeFir[]) {
  const contestants = [tapline(workload)];
  if (multiplier !== undefined) contestants.push(...firs.map((make) => make(workload, multiplier)));
  if (contestants.length > 1) await compare(workload, contestants);
  return contestants.map((contestant) => ({ workload, contestant }));
}
