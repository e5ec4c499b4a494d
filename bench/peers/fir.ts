import type { Contestant } from '../contestant.ts';
import type { Workload } from '../workloads.ts';
import { build, bytesOf, nativeContestant } from './native.ts';

/** Creates a contestant for a convolution whose kernels read one channel each, with `multiplier` kernels per channel. */
export type MakeFir = (workload: Workload, multiplier: number) => Contestant;

/** The compiler flags of each library. */
const libraries: Record<string, readonly string[]> = {
  'VOLK dot product (C++)': ['-lvolk'],
  'GNU Radio FIR (C++)': ['-DGNU_RADIO', '-lgnuradio-filter', '-lgnuradio-runtime', '-lvolk'],
};

/**
 * Returns the FIR filters that can be compiled here (Debian: libvolk2-dev, gnuradio-dev), and the names of those that
 * cannot.
 */
export function findFirs(): { firs: MakeFir[]; missing: string[] } {
  const firs: MakeFir[] = [];
  const missing: string[] = [];
  for (const [name, flags] of Object.entries(libraries)) {
    try {
      const program = build('fir.cpp', flags);
      firs.push((workload, multiplier) => {
        const { inChannels, receptiveField, step, weights, blocks } = workload;
        const args = [inChannels, multiplier, receptiveField, step].map(String);
        const numbers = [weights['layers.0.weight'].data, weights['layers.0.bias'].data, ...blocks];
        const own = bytesOf(numbers.map((part) => Float32Array.from(part)));
        return nativeContestant(name, program, workload.name, args, own);
      });
    } catch {
      missing.push(name);
    }
  }
  return { firs, missing };
}
