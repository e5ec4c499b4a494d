import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { plan, random } from 'tapline';
import { digits, table } from './report.ts';
import { workloadOf } from './workloads.ts';

/** The cost of one of many streams. */
interface StreamCosts {
  /** Memory: of the process, on the JavaScript heap, and allocated in the engine's arena. */
  readonly bytes: { readonly rss: number; readonly heap: number; readonly arena: number };
  /** µs per frame, with one frame per turn and with ten. */
  readonly us: readonly [number, number];
}

/** Measures `count` streams in a separate process that loads nothing but the package. */
async function costsOf(count: number, kind: 'shared' | 'learning' | 'learner'): Promise<StreamCosts> {
  // a small young generation: a large one, half empty, would be counted as the streams' memory
  const execArgv = ['--expose-gc', '--max-semi-space-size=1'];
  const program = fileURLToPath(new URL('streams-child.js', import.meta.url));
  const child = fork(program, [], { execArgv, serialization: 'advanced' });
  const { spec, weights, blocks: frames, outChannels } = workloadOf('W1', 1);
  const rng = random(2);
  const gradients = [1, 10].map((step) => Float32Array.from({ length: step * outChannels }, () => rng.normal()));
  child.send({ count, kind, spec, weights, frames, tens: workloadOf('W1', 10).blocks, gradients });
  const [costs] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [StreamCosts | number | null];
  if (costs === null || typeof costs === 'number')
    throw new Error(`${count} streams must be measured, got exit ${costs}`);
  return costs;
}

/**
 * Prints the cost of 1 … 10,000 streams that share a network, and the number of learning streams that one core can
 * serve.
 */
export async function manyStreams(): Promise<void> {
  const { weightBytes, streamBytes: perStream, learningBytes } = plan(workloadOf('W1', 1).spec);
  const bytes = weightBytes + learningBytes;
  console.log(
    `\nCost by number of streams, W1, one shared network, streams in turn; plan: ${perStream} bytes per stream\n`,
  );
  const rows: string[][] = [];
  for (const count of [1, 10, 100, 1000, 10_000]) rows.push(row(count, await costsOf(count, 'shared'), perStream));
  console.log(table(header, rows));

  const learners = 20_000;
  console.log(`\nStreams of W1 that learn from every frame, one network each; plan: ${bytes} bytes each\n`);
  const costs = await costsOf(learners, 'learning');
  console.log(table(header, [row(learners, costs, bytes)]));
  console.log(served(costs));
}

/** Prints the cost of many `Learner`s that have a network and targets of their own, and the number that one core can serve. */
export async function manyLearners(): Promise<void> {
  const learners = 4000;
  console.log(`\nLearners of W1 with sgd and a target for every frame, one network each\n`);
  const costs = await costsOf(learners, 'learner');
  const { weightBytes, learningBytes } = plan(workloadOf('W1', 1).spec);
  console.log(table(header, [row(learners, costs, weightBytes + learningBytes)]));
  console.log(served(costs));
}

/** Returns a sentence about the number of streams that one core can serve. */
function served({ us: [alone, inTens] }: StreamCosts): string {
  const [one, ten] = [alone, inTens].map((us) => Math.floor(1e6 / 50 / us));
  return `\nAt 50 Hz one core can serve ${one} of them frame by frame, or ${ten} in blocks of 10`;
}

/** With fewer streams, the memory of the process itself hides theirs. */
const minStreams = 1000;
const header = [
  'streams',
  '1 per turn: µs per frame',
  '10 per turn',
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
