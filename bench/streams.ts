import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { plan, random } from 'tapline';
import { digits, table } from './table.ts';
import { workloadOf } from './workloads.ts';

/** What one of many streams costs. */
export interface StreamCosts {
  /** Of memory: what the process holds, what is on the heap of JavaScript, and what is handed out of the engine's arena. */
  readonly bytes: { readonly rss: number; readonly heap: number; readonly arena: number };
  /** µs a frame, with one frame a turn and with ten. */
  readonly us: readonly [number, number];
}

/** Each count in a process of its own, with nothing but the package in it. */
async function costsOf(count: number, learning: boolean): Promise<StreamCosts> {
  // a small nursery: a large one, half empty, would count as theirs
  const execArgv = ['--expose-gc', '--max-semi-space-size=1'];
  const program = fileURLToPath(new URL('streams-child.js', import.meta.url));
  const child = fork(program, [], { execArgv, serialization: 'advanced' });
  const { spec, weights, blocks: frames, outChannels } = workloadOf('W1', 1);
  const chance = random(2);
  const gradients = [1, 10].map((step) => Float32Array.from({ length: step * outChannels }, () => chance.normal()));
  child.send({ count, learning, spec, weights, frames, tens: workloadOf('W1', 10).blocks, gradients });
  const [costs] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [StreamCosts | number | null];
  if (costs === null || typeof costs === 'number')
    throw new Error(`${count} streams must be measured, got exit ${costs}`);
  return costs;
}

/** Prints what 1 … 10 000 streams cost that share a network, and how many streams that learn one core can hold. */
export async function manyStreams(): Promise<void> {
  const { weightBytes, streamBytes: perStream, learningBytes } = plan(workloadOf('W1', 1).spec);
  const bytes = weightBytes + learningBytes;
  console.log(
    `\nHow cost grows with the streams, W1, one network, streams in turn; plan: ${perStream} bytes a stream\n`,
  );
  const rows: string[][] = [];
  for (const count of [1, 10, 100, 1000, 10_000]) rows.push(row(count, await costsOf(count, false), perStream));
  console.log(table(header, rows));

  const many = 20_000;
  console.log(`\nStreams of W1 that learn from every frame, each with its own network; plan: ${bytes} bytes each\n`);
  const costs = await costsOf(many, true);
  console.log(table(header, [row(many, costs, bytes)]));
  console.log(
    `\nAt 50 Hz one core keeps up with ${Math.floor(1e6 / 50 / costs.us[0])} of them frame by frame, with ${Math.floor(1e6 / 50 / costs.us[1])} in blocks of 10`,
  );
}

/** Below so many streams the memory that a process takes by itself hides theirs. */
const minStreams = 1000;
const header = [
  'streams',
  '1 a turn: µs a frame',
  '10 a turn',
  'bytes each: rss',
  'heap',
  'arena',
  'rss / plan',
  '(heap + arena) / plan',
];

function row(count: number, { us, bytes: { rss, heap, arena } }: StreamCosts, planned: number): string[] {
  const bytes = [
    ...[rss, heap, arena].map(Math.round).map(String),
    digits(rss / planned),
    digits((heap + arena) / planned),
  ];
  return [String(count), ...us.map(digits), ...(count < minStreams ? bytes.map(() => '-') : bytes)];
}
