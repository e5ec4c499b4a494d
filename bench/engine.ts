/**
 * Measures the speed of the engine and its peers in the same run. `npm run bench:engine -- --help` prints the options.
 * Peers that are separate packages are installed by `npm ci --prefix bench/peers`.
 *
 * All contestants receive the same seeded numbers, and their outputs are compared before anything is timed. A step is a
 * call with that many frames. At step 1 with a stride, the figure is the mean over frames with and without an output.
 */
import { writeFileSync } from 'node:fs';
import { arrival } from './arrival.ts';
import { runCommand } from './command.ts';
import { compare, type Contestant, type Make } from './contestant.ts';
import { growth } from './growth.ts';
import { measureLearning } from './learning.ts';
import { learner, learningStep, learningStepInThreeCalls, operators, fused, tapline } from './tapline.ts';
import { machine, digits, gflops, table } from './report.ts';
import { readOptions, usage, type Options } from './options.ts';
import { findPeers } from './peers.ts';
import { rtneural } from './peers/rtneural.ts';
import { race, type Timing } from './rounds.ts';
import { measureOptimizers } from './optimizers.ts';
import { measureShapes } from './shapes.ts';
import { manyLearners, manyStreams } from './streams.ts';
import { blockWorkloads, workloads, type Workload } from './workloads.ts';

/** One entry of the JSON file. `ratio` is its time divided by that of 'tapline' on the same workload. */
export interface Figure {
  readonly workload: string;
  readonly engine: string;
  /** Microseconds per step. */
  readonly us: number;
  readonly ratio: number;
}

const header = ['engine', 'µs', 'ratio', 'GFLOP/s', 'µs per frame'];

/** Compares and times contestants, Tapline first, prints the results, and closes the contestants. */
async function measure(workload: Workload, contestants: readonly Contestant[], rounds: number): Promise<Figure[]> {
  await compare(workload, contestants);
  const timings = await race(contestants, rounds);
  const { name, shape, step, operations } = workload;
  console.log(`\n${name}: ${shape}\n`);
  const row = ({ engine, us, ratio }: Timing, i: number) => {
    const { passes = 1 } = contestants[i];
    return [engine, digits(us), digits(ratio), gflops(passes * operations, us), digits(us / step)];
  };
  console.log(table(header, timings.map(row)));
  for (const contestant of contestants) await contestant.close?.();
  return timings.map(({ engine, us, ratio }) => ({ workload: name, engine, us, ratio }));
}

async function peersFor({ peers: wanted, native }: Options): Promise<Make[]> {
  if (!wanted) return [];
  const { peers, missing } = await findPeers();
  if (missing.length > 0) console.log(`not installed: ${missing.join(', ')} (run npm ci --prefix bench/peers)`);
  return native === undefined ? peers : [...peers, rtneural(native)];
}

/** Measures every selected workload: Tapline first, then its operators and learner or its peers. */
async function measureAll(options: Options): Promise<Figure[]> {
  const { rounds, wanted } = options;
  const peers = await peersFor(options);
  const figures: Figure[] = [];
  for (const workload of [...workloads, ...blockWorkloads].filter(({ network }) => wanted(network))) {
    const contestants = [tapline(workload)];
    const other = blockWorkloads.includes(workload) ? undefined : fused(workload);
    if (other) contestants.push(other);
    for (const make of othersFor(workload, peers)) contestants.push(await make(workload));
    figures.push(...(await measure(workload, contestants, rounds)));
    if (workload.name === 'W3 step 1') {
      const us = arrival(workload);
      const ratio = us / figures.at(-contestants.length).us;
      figures.push({ workload: workload.name, engine: 'tapline, arrival to output when prepared', us, ratio });
    }
  }
  return figures;
}

function othersFor(workload: Workload, peers: readonly Make[]): readonly Make[] {
  if (blockWorkloads.includes(workload)) return [operators, learner];
  return workload.step === 1 ? [learningStep, learningStepInThreeCalls, ...peers] : peers;
}

async function run(options: Options): Promise<void> {
  const { json, rounds, wanted } = options;
  console.log(`${machine()}; ${rounds} rounds`);
  const figures = await measureAll(options);
  figures.push(...(await measureLearning(['W1', 'W2', 'W3', 'W4'].filter(wanted), rounds)));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(figures, null, 2)}\n`);
  if (wanted('shapes')) await measureShapes(rounds, options.peers);
  if (wanted('optimizers')) await measureOptimizers(rounds);
  if (wanted('growth')) await growth(Math.min(rounds, 5));
  if (wanted('streams')) {
    await manyStreams();
    await manyLearners();
  }
}

await runCommand(usage, readOptions, run);
