import { Network } from 'tapline';
import type { Figure } from './engine.ts';
import { median } from './rounds.ts';
import { digits, table } from './table.ts';
import type { Workload } from './workloads.ts';

const calls = 20_000;

/**
 * From a frame's arrival to the output that hangs on it: of an eager stream, which was prepared meanwhile, and of any
 * other. Every call is timed by itself, and so is a call of nothing, which tells what the clock takes.
 */
export function arrival({ spec, weights, blocks, outChannels, name }: Workload, us: number): Figure {
  const network = Network.create(spec, { weights });
  const [eager, usual] = [network.stream({ eager: true }), network.stream()];
  const out = new Float32Array(outChannels);
  const times: Record<'eager' | 'usual' | 'clock', number[]> = { eager: [], usual: [], clock: [] };
  for (let call = 0; call < calls; call++) {
    const x = blocks[call & (blocks.length - 1)];
    eager.prepare();
    const start = performance.now();
    const came = eager.pushInto(x, out);
    const prepared = performance.now();
    usual.pushInto(x, out);
    const end = performance.now();
    const nothing = performance.now();
    if (came === 0 || call < calls / 2) continue;
    times.eager.push(prepared - start);
    times.usual.push(end - prepared);
    times.clock.push(nothing - end);
  }
  const row = (label: string, all: number[]) => [label, digits(1000 * median(all)), digits(1000 * percentile(all, 99))];
  console.log(`\n${name}: from a frame's arrival to its output, each call timed by itself\n`);
  const rows = [row('eager, prepared', times.eager), row('any other', times.usual), row('the clock', times.clock)];
  console.log(table(['stream', 'median µs', '99 % µs'], rows));
  const found = 1000 * median(times.eager);
  return { workload: name, engine: 'tapline, arrival to output when prepared', us: found, ratio: found / us };
}

function percentile(all: readonly number[], percent: number): number {
  return [...all].sort((a, b) => a - b)[Math.floor((all.length * percent) / 100)];
}
