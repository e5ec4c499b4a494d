import { Network } from 'tapline';
import { median } from './rounds.ts';
import { digits, table } from './report.ts';
import type { Workload } from './workloads.ts';

const calls = 20_000;

/**
 * Measures the time from a frame's arrival to the output aligned with it, for an eager stream that was prepared and for
 * a normal stream. Each call is timed separately. An empty measurement shows the overhead of the clock.
 * Returns the median of the eager stream in µs.
 */
export function arrival({ spec, weights, blocks, outChannels, name }: Workload): number {
  const network = Network.create(spec, { weights });
  const [eager, normal] = [network.stream({ eager: true }), network.stream()];
  const out = new Float32Array(outChannels);
  const times: Record<'eager' | 'normal' | 'clock', number[]> = { eager: [], normal: [], clock: [] };
  for (let call = 0; call < calls; call++) {
    const x = blocks[call & (blocks.length - 1)];
    eager.prepare();
    const start = performance.now();
    const count = eager.pushInto(x, out);
    const prepared = performance.now();
    normal.pushInto(x, out);
    const end = performance.now();
    const empty = performance.now();
    if (count === 0 || call < calls / 2) continue;
    times.eager.push(prepared - start);
    times.normal.push(end - prepared);
    times.clock.push(empty - end);
  }
  const row = (label: string, all: number[]) => [label, digits(1000 * median(all)), digits(1000 * percentile(all, 99))];
  console.log(`\n${name}: latency from frame to output, each call timed separately\n`);
  const rows = [row('eager, prepared', times.eager), row('normal', times.normal), row('clock overhead', times.clock)];
  console.log(table(['stream', 'median µs', '99th percentile µs'], rows));
  return 1000 * median(times.eager);
}

function percentile(all: readonly number[], percent: number): number {
  return [...all].sort((a, b) => a - b)[Math.floor((all.length * percent) / 100)];
}
