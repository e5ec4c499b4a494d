import FFT from 'fft.js';
import { Network, plan, type MakeTransform, type NetworkSpec } from '../src/index.ts';
import type { Contestant } from './contestant.ts';
import { race } from './rounds.ts';
import { digits, table } from './report.ts';

/** Maximum number of multiply-adds per block, so that a race ends in reasonable time. */
const maxMultiplyAdds = 3e9;
const rounds = 7;

/**
 * Compares convolutions with long kernels by FFT and by the direct method, per block, where `fftRule` selects the FFT.
 */
async function main(): Promise<void> {
  const lines: string[][] = [];
  for (const [inChannels, outChannels] of [
    [1, 1],
    [8, 8],
    [8, 16],
    [32, 32],
  ]) {
    for (const kernelSize of [64, 128, 256, 512, 1024, 2048, 4096]) {
      const spec: NetworkSpec = { inChannels, layers: [{ type: 'conv1d', outChannels, kernelSize }] };
      const { fftFrom = Infinity, macs } = plan(spec).layers[0];
      for (const outputs of [...new Set([64, 256, fftFrom, 1024, 4096, 16384])].sort((a, b) => a - b)) {
        if (outputs * macs > maxMultiplyAdds) continue;
        const row = [`${inChannels} → ${outChannels}`, String(kernelSize), String(outputs), String(fftFrom)];
        lines.push([...row, ...(outputs < fftFrom ? ['', '', ''] : await compared(spec, outputs))]);
      }
    }
  }
  console.log(table(['channels', 'taps', 'outputs', 'FFT from', 'direct µs', 'FFT µs', 'speedup'], lines));
}

/** Times a block with both methods. Returns both times and the speedup of the FFT. */
async function compared(spec: NetworkSpec, outputs: number): Promise<string[]> {
  const network = Network.create(spec, { seed: 1 });
  const [fft, direct] = await race(
    [blocks(network, outputs, (size) => new FFT(size)), blocks(network, outputs)],
    rounds,
  );
  return [digits(direct.us), digits(fft.us), direct.ratio.toFixed(2)];
}

/**
 * A stream that receives the same block repeatedly. Timed by the processor time of this process, which other processes
 * do not affect.
 */
function blocks(network: Network, outputs: number, fft?: MakeTransform): Contestant {
  const stream = network.stream({ fft });
  const x = Float32Array.from({ length: outputs * network.inChannels }, (_, i) => Math.sin(i * i));
  const y = new Float32Array(outputs * network.outChannels);
  const run = (calls: number): Float32Array => {
    for (let i = 0; i < calls; i++) stream.pushInto(x, y);
    return y;
  };
  return {
    engine: fft ? 'FFT' : 'direct',
    run,
    time: (calls) => {
      const before = process.cpuUsage();
      run(calls);
      const { user, system } = process.cpuUsage(before);
      return Promise.resolve((user + system) / 1000);
    },
  };
}

await main();
