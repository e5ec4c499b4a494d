/**
 * Measures operators, pipelines, and the detector, each relative to a reference that is measured in the same rounds.
 * `npm run bench:pipeline -- --help` prints the options.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { roundsOf, runCommand } from './command.ts';
import { compare, type Contestant } from './contestant.ts';
import { digits, machine, table } from './report.ts';
import { race } from './rounds.ts';
import { hello, restoring } from './feeds.ts';
import { detection, operators, pipelineWithOneMap, tapline } from './tapline.ts';
import { blockWorkloads, workloadOf } from './workloads.ts';

/** One row of the table: a contestant, and the reference that it is compared with in the same rounds, if any. */
interface Row {
  readonly name: string;
  readonly measured: Contestant;
  readonly reference?: Contestant;
}

/** One entry of the JSON file. Times are in µs per call; `ratio` = `us` / `referenceUs`. */
export interface PipelineFigure {
  readonly name: string;
  readonly us: number;
  readonly referenceUs: number | null;
  readonly ratio: number | null;
}

/**
 * Functions that create the rows of one topic and check their outputs. The rows are measured before the next function
 * runs.
 */
const topics: readonly (() => Promise<Row[]>)[] = [
  operatorsPerEngine,
  pipelinePerEngine,
  detectorPerEngine,
  restoreOfDefaultFeed,
  helloOfKnownSpec,
];

/** Measures the operator `convolve`, fed by a Subject, relative to `pushInto` of a stream. */
async function operatorsPerEngine(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const workload of blockWorkloads) {
    const [reference, measured] = [tapline(workload), operators(workload)];
    await compare(workload, [reference, measured]);
    const { network, step } = workload;
    rows.push({ name: `operators ÷ engine, ${network}, blocks of ${step}`, measured, reference });
  }
  return rows;
}

/** Measures a pipeline with only one feature map, relative to `pushInto` of a stream. */
async function pipelinePerEngine(): Promise<Row[]> {
  const workload = workloadOf('W2', 25);
  const [reference, measured] = [tapline(workload), pipelineWithOneMap(workload)];
  await compare(workload, [reference, measured]);
  return [{ name: 'pipeline with one map ÷ engine, W2, blocks of 25', measured, reference }];
}

/**
 * Measures a pipeline with only a detector, on the digest of 8 channels at 250 Hz, relative to W2 on the same blocks.
 */
function detectorPerEngine(): Promise<Row[]> {
  const workload = workloadOf('W2', 25);
  const measured = detection(workload);
  return Promise.resolve([{ name: 'digest and detector ÷ W2, blocks of 25', measured, reference: tapline(workload) }]);
}

/** Measures restoring a saved pipeline of the default EEG feed and computing its first output. */
async function restoreOfDefaultFeed(): Promise<Row[]> {
  return [{ name: 'restore of the default EEG feed', measured: await restoring() }];
}

/** Measures a `hello` that starts a new run of a stream, relative to the first `hello` of a stream with a new rate. */
function helloOfKnownSpec(): Promise<Row[]> {
  return Promise.resolve([
    { name: 'hello of a known spec ÷ of a new one', measured: hello(true), reference: hello(false) },
  ]);
}

async function measure({ name, measured, reference }: Row, rounds: number): Promise<PipelineFigure> {
  const timings = await race(reference ? [reference, measured] : [measured], rounds);
  for (const contestant of [measured, reference]) await contestant?.close?.();
  const { us, ratio } = timings[timings.length - 1];
  return { name, us, referenceUs: reference ? timings[0].us : null, ratio: reference ? ratio : null };
}

function report(figures: readonly PipelineFigure[]): string {
  const cell = (number: number | null) => (number === null ? '-' : digits(number));
  const rows = figures.map(({ name, us, referenceUs, ratio }) => [name, cell(us), cell(referenceUs), cell(ratio)]);
  return table(['per call', 'µs', 'reference µs', 'ratio'], rows);
}

const usage = `npm run bench:pipeline -- [options]
  --json <file>  Write the figures as [{ name, us, referenceUs, ratio }]
  --rounds <n>   Rounds per row (default: 15)`;

interface Options {
  readonly json: string | undefined;
  readonly rounds: number;
}

function readOptions(args: readonly string[]): Options {
  const options = { json: { type: 'string' }, rounds: { type: 'string', default: '15' } } as const;
  const { json, rounds } = parseArgs({ args: [...args], options }).values;
  return { json, rounds: roundsOf(rounds) };
}

async function run({ json, rounds }: Options): Promise<void> {
  console.log(`${machine()}; ${rounds} rounds\n`);
  const figures: PipelineFigure[] = [];
  for (const rowsOf of topics) for (const row of await rowsOf()) figures.push(await measure(row, rounds));
  console.log(report(figures));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(figures, null, 2)}\n`);
}

await runCommand(usage, readOptions, run);
