import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Contestant, Make } from '../contestant.ts';
import type { Workload } from '../workloads.ts';

/**
 * RTNeural's compile-time layers (C++, Eigen backend, -O3 -march=native), built from a checkout of
 * github.com/jatinchowdhury18/RTNeural in a temporary folder. Each workload runs in a process that waits during the turns
 * of others.
 */
export function rtneural(checkout: string): Make {
  const folder = mkdtempSync(join(tmpdir(), 'tapline-rtneural-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const program = join(folder, 'rtneural');
  const source = fileURLToPath(new URL('rtneural.cpp', import.meta.url));
  const flags = ['-std=c++17', '-O3', '-march=native', '-DNDEBUG'];
  const settings = ['-DRTNEURAL_USE_EIGEN=1', '-DRTNEURAL_DEFAULT_ALIGNMENT=32'];
  const include = ['-I', checkout, '-I', join(checkout, 'modules/Eigen')];
  execFileSync(process.env.CXX ?? 'c++', [...flags, ...settings, ...include, source, '-o', program]);
  return (workload): Contestant => {
    const file = join(folder, workload.name);
    writeFileSync(file, numbersOf(workload));
    const child = spawn(program, [workload.network, String(workload.step), file], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const request = async (calls: number): Promise<number[]> => {
      child.stdin.write(`${calls}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`RTNeural must answer on ${workload.name}, got the end of its output`);
      return value.split(' ').map(Number);
    };
    return {
      engine: 'RTNeural (C++)',
      run: async (calls) => (await request(calls)).slice(1),
      time: async (calls) => (await request(calls))[0] / 1e6,
      close: () => child.stdin.end(),
    };
  };
}

/**
 * Returns the weights [out, in, tap] and the bias of every layer, then the input, in the order that the program reads.
 */
function numbersOf({ layers, blocks }: Workload): Uint8Array {
  const parts = layers.flatMap(({ weight, bias, taps, inChannels, outChannels }) => {
    const turned = new Float32Array(weight.length);
    for (let o = 0, at = 0; o < outChannels; o++)
      for (let k = 0; k < taps; k++)
        for (let c = 0; c < inChannels; c++) turned[(o * inChannels + c) * taps + k] = weight[at++];
    return [turned, bias];
  });
  return Buffer.concat([...parts, ...blocks].map(({ buffer }) => new Uint8Array(buffer)));
}
