/**
 * Measures what the layers around the engine cost, as ratios of interleaved rounds. `npm run bench:pipeline -- --help`
 * prints the options.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compare, type Contestant } from './contestant.ts';
import { digits, machine, table } from './report.ts';
import { race } from './rounds.ts';
import { operators, tapline } from './tapline.ts';
import { blockWorkloads } from './workloads.ts';

/** One row of the table: a contestant, and the one that it is compared with in the same rounds, if any. */
interface Row {
  readonly name: string;
  readonly measured: Contestant;
  readonly reference?: Contestant;
}

/** One entry of the JSON file. `us` are µs per call; `ratio` is `us` divided by that of the reference. */
export interface PipelineFigure {
  readonly name: string;
  readonly us: number;
  readonly referenceUs: number | null;
  readonly ratio: number | null;
}

/** Each function makes the rows of one topic, whose outputs it has compared. Rows are measured before the next call. */
const topics: readonly (() => Promise<Row[]>)[] = [operatorsPerEngine];

/** The operator `convolve` behind a Subject ÷ `pushInto` of a stream. */
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
  const count = Number(rounds);
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`--rounds must be an integer >= 1, got ${rounds}`);
  return { json, rounds: count };
}

async function run({ json, rounds }: Options): Promise<void> {
  console.log(`${machine()}; ${rounds} rounds\n`);
  const figures: PipelineFigure[] = [];
  for (const rowsOf of topics) for (const row of await rowsOf()) figures.push(await measure(row, rounds));
  console.log(report(figures));
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(figures, null, 2)}\n`);
}

function optionsOrExit(args: readonly string[]): Options {
  try {
    return readOptions(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

const args = process.argv.slice(2);
if (args.includes('--help')) console.log(usage);
else await run(optionsOrExit(args));
