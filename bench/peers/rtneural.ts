import { join } from 'node:path';
import type { Contestant, Make } from '../contestant.ts';
import type { Workload } from '../workloads.ts';
import { build, bytesOf, nativeContestant } from './native.ts';

/**
 * RTNeural's compile-time layers (C++, Eigen backend, -O3 -march=native), built from a checkout of
 * github.com/jatinchowdhury18/RTNeural in a temporary folder.
 */
export function rtneural(checkout: string): Make {
  const settings = ['-DRTNEURAL_USE_EIGEN=1', '-DRTNEURAL_DEFAULT_ALIGNMENT=32'];
  const include = ['-I', checkout, '-I', join(checkout, 'modules/Eigen')];
  const program = build('rtneural.cpp', [...settings, ...include]);
  return (workload): Contestant => {
    const { name, network, step } = workload;
    return nativeContestant('RTNeural (C++)', program, name, [network, String(step)], bytesOf(numbersOf(workload)));
  };
}

/**
 * Returns the weights [out, in, tap] and the bias of every layer, then the input, in the order that the program reads.
 */
function numbersOf({ layers, blocks }: Workload): Float32Array[] {
  const parts = layers.flatMap(({ weight, bias, taps, inChannels, outChannels }) => {
    const turned = new Float32Array(weight.length);
    for (let o = 0, at = 0; o < outChannels; o++)
      for (let k = 0; k < taps; k++)
        for (let c = 0; c < inChannels; c++) turned[(o * inChannels + c) * taps + k] = weight[at++];
    return [turned, bias];
  });
  return [...parts, ...blocks];
}
