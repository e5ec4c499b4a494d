import { Network } from 'tapline';
import type { Contestant } from './contestant.ts';
import { race } from './rounds.ts';
import { digits, gflops, table } from './report.ts';
import { tapline } from './tapline.ts';
import { singleLayer, workloadOf, type Workload } from './workloads.ts';

const doublings = (from: number, to: number) =>
  Array.from({ length: Math.log2(to / from) + 1 }, (_, i) => from * 2 ** i);

/** Prints tables of the cost per frame as one parameter grows and all others stay the same. */
export async function growth(rounds: number): Promise<void> {
  const taps = doublings(4, 512);
  console.log('\nCost by number of taps, 8 → 16 channels\n');
  await growingShapes('taps', taps, (count, step) => singleLayer(8, 16, count, step), rounds);

  const channels = doublings(1, 256);
  console.log('\nCost by number of channels, C → C, 16 taps\n');
  await growingShapes('channels', channels, (count, step) => singleLayer(count, count, 16, step), rounds);

  console.log('\nCost by block length, W2\n');
  const lengths = doublings(1, 4096).map((step) => workloadOf('W2', step));
  const timings = await race(lengths.map(tapline), rounds);
  const rows = lengths.map(({ step, operations }, i) => {
    const { us } = timings[i];
    return [String(step), digits(us / step), gflops(operations, us)];
  });
  console.log(table(['frames per block', 'µs per frame', 'GFLOP/s'], rows));

  console.log('\nCost by recording length, W1\n');
  await growingRecordings([1e3, 1e4, 1e5, 1e6]);
}

/** Measures every size with one frame per call and in blocks. */
async function growingShapes(
  title: string,
  sizes: readonly number[],
  make: (size: number, step: number) => Workload,
  rounds: number,
): Promise<void> {
  const block = 32;
  const single = sizes.map((size) => make(size, 1));
  const blocks = sizes.map((size) => make(size, block));
  const timings = await race([...single, ...blocks].map(tapline), rounds);
  const rows = sizes.map((size, i) => {
    const [one, many] = [timings[i].us, timings[sizes.length + i].us];
    const speeds = [gflops(single[i].operations, one), gflops(blocks[i].operations, many)];
    return [String(size), digits(one), speeds[0], digits(many / block), speeds[1]];
  });
  console.log(table([title, 'step 1: µs per frame', 'GFLOP/s', `step ${block}: µs per frame`, 'GFLOP/s'], rows));
}

/** Creates a new stream for every recording: in blocks of 100, and with `apply`. */
async function growingRecordings(lengths: readonly number[]): Promise<void> {
  const { spec, weights, blocks, inChannels, outChannels } = workloadOf('W1', 100);
  const network = Network.create(spec, { weights });
  const out = new Float32Array(100 * outChannels);
  const streamed = (frames: number): Contestant => ({
    engine: 'blocks of 100',
    run(calls) {
      for (let call = 0; call < calls; call++) {
        const stream = network.stream();
        for (let i = 0; i < frames / 100; i++) stream.pushInto(blocks[i & (blocks.length - 1)], out);
      }
      return out;
    },
  });
  const whole = (frames: number): Contestant => {
    const recording = Float32Array.from({ length: frames * inChannels }, (_, i) => blocks[0][i % blocks[0].length]);
    return {
      engine: 'apply',
      run(calls) {
        let y: Float32Array = out;
        for (let call = 0; call < calls; call++) y = network.apply(recording);
        return y;
      },
    };
  };
  const rows: string[][] = [];
  for (const frames of lengths) {
    const timings = await race([streamed(frames), whole(frames)], 3);
    rows.push([String(frames), ...timings.map(({ us }) => digits(us / frames))]);
  }
  console.log(table(['frames', 'blocks of 100: µs per frame', 'apply: µs per frame'], rows));
}
