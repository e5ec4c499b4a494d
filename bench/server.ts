/**
 * Measures the server: what it adds to a bare WebSocket server, and how much fits on one core.
 * `npm run bench:server -- --help` prints the options.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { roundsOf, runCommand } from './command.ts';
import { digits, machine, table } from './report.ts';
import { median } from './rounds.ts';
import { LoadProcess, type Served, ServerProcess } from './server-processes.ts';

/** One row of the table, and of the JSON file. */
interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it was computed from. */
  readonly details: string;
}

interface ServerBenchOptions {
  readonly json: string | undefined;
  readonly rounds: number;
  readonly seconds: number;
  readonly wanted: (part: string) => boolean;
}

const parts = ['messages', 'latency', 'streams', 'viewers', 'attacks'];

const usage = `npm run bench:server -- [options]
  --json <file>    Write the figures as [{ name, value, unit, details }]
  --only <parts>   Comma-separated parts to run: ${parts.join(',')} (default: all)
  --rounds <n>     Rounds of messages and latency (default: 7)
  --seconds <n>    Seconds for which each number of streams or viewers, and each attack, is measured (default: 20)`;

function readOptions(args: readonly string[]): ServerBenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: 'string' },
      only: { type: 'string', default: parts.join(',') },
      rounds: { type: 'string', default: '7' },
      seconds: { type: 'string', default: '20' },
    },
  });
  const only = values.only.split(',');
  const unknown = only.find((part) => !parts.includes(part));
  if (unknown !== undefined) throw new TypeError(`--only must be some of ${parts.join(', ')}, got '${unknown}'`);
  const seconds = Number(values.seconds);
  if (!(seconds >= 1)) throw new RangeError(`--seconds must be at least 1, got ${values.seconds}`);
  return { json: values.json, rounds: roundsOf(values.rounds), seconds, wanted: (part) => only.includes(part) };
}

/** Messages that are sent to a server, and how many per round. */
interface Sent {
  readonly served: Served;
  readonly kind: 'binary' | 'json';
  readonly frames: number;
  readonly messages: number;
}

/** Frames of the messages: a tenth of a second of 8 channels at 250 Hz, or one frame. */
const tenth = { kind: 'binary', frames: 25 } as const;
const single = { kind: 'json', frames: 1 } as const;
const w2 = { detect: false };

const senders = {
  bare: { served: { kind: 'count' }, ...tenth, messages: 20_000 },
  w2: { served: { kind: 'tapline', feed: w2 }, ...tenth, messages: 10_000 },
  detector: { served: { kind: 'tapline', feed: { detect: true } }, ...tenth, messages: 5000 },
  recorded: { served: { kind: 'tapline', feed: w2, recorded: true }, ...tenth, messages: 10_000 },
  default: { served: { kind: 'tapline', recorded: true }, ...tenth, messages: 2000 },
  parse: { served: { kind: 'parse' }, ...single, messages: 20_000 },
  json: { served: { kind: 'tapline', feed: w2 }, ...single, messages: 10_000 },
} satisfies Record<string, Sent>;
type Sender = keyof typeof senders;

/** Measures the processor time per message of each server, in turns. */
async function messages({ rounds }: ServerBenchOptions): Promise<Figure[]> {
  const names = Object.keys(senders) as Sender[];
  const load = new LoadProcess();
  const servers = new Map<Sender, ServerProcess>();
  for (const name of names) servers.set(name, await ServerProcess.start(senders[name].served));
  const us = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Sender, number[]>;
  const engine: number[] = [];
  for (let round = -1; round < rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const { served, messages: count, ...sent } = senders[name];
      const isBare = served.kind !== 'tapline';
      const server = servers.get(name)!;
      const url = isBare ? server.url : `${server.url}/ingest/a`;
      const before = await server.sample();
      await load.do('burst', { url, isBare, messages: count, ...sent });
      const { cpu } = await server.sample();
      // the first round warms up
      if (round >= 0) us[name].push((cpu - before.cpu) / count);
    }
    if (round >= 0) engine.push(await servers.get('w2')!.engineTime());
  }
  await load.close();
  for (const server of servers.values()) await server.close();
  return messageFigures(us, engine);
}

function messageFigures(us: Record<Sender, number[]>, engine: readonly number[]): Figure[] {
  const ratio = (of: (round: number) => number) => median(engine.map((_, round) => of(round)));
  const shown = (name: Sender) => `${digits(median(us[name]))} µs`;
  const withoutEngine = (name: Sender) => ratio((i) => (us[name][i] - engine[i]) / us.bare[i]);
  const perSecond = (frames: number) => ratio((i) => (8 * frames) / us.recorded[i]);
  const w2Time = `W2 alone ${digits(median(engine))} µs`;
  return [
    {
      name: 'binary 25 × 8, W2, without engine ÷ bare ws, detector off',
      value: withoutEngine('w2'),
      unit: '×',
      details: `${shown('w2')}, ${w2Time}, bare ${shown('bare')} per message`,
    },
    {
      name: 'binary 25 × 8, W2, without engine ÷ bare ws, detector on',
      value: withoutEngine('detector'),
      unit: '×',
      details: `${shown('detector')}, ${w2Time}, bare ${shown('bare')} per message`,
    },
    {
      name: 'binary 25 × 8, default feed, recorded ÷ bare ws',
      value: ratio((i) => us.default[i] / us.bare[i]),
      unit: '×',
      details: `${shown('default')}, bare ${shown('bare')} per message`,
    },
    {
      name: 'JSON, one frame of 8, W2 ÷ ws + JSON.parse',
      value: ratio((i) => us.json[i] / us.parse[i]),
      unit: '×',
      details: `${shown('json')}, bare ${shown('parse')} per message`,
    },
    {
      name: 'samples ingested, convolved (W2), and recorded on one core',
      value: perSecond(25),
      unit: 'million/s',
      details: `${shown('recorded')} per message of 200 samples`,
    },
  ];
}

/** Measures the time from a device to a viewer, in turns with a server that only passes messages on. */
async function latency({ rounds }: ServerBenchOptions): Promise<Figure[]> {
  const load = new LoadProcess();
  const served: Record<string, Served> = {
    bare: { kind: 'echo' },
    'W2, not recorded': { kind: 'tapline', feed: w2 },
    'default feed, recorded': { kind: 'tapline', recorded: true },
  };
  const servers = new Map<string, ServerProcess>();
  for (const [name, each] of Object.entries(served)) servers.set(name, await ServerProcess.start(each));
  const us = new Map(Object.keys(served).map((name) => [name, [] as number[]]));
  for (let round = -1; round < rounds; round++) {
    for (const [name, { url }] of servers) {
      const isBare = served[name].kind !== 'tapline';
      const [device, viewer] = isBare ? [url, url] : [`${url}/ingest/a`, `${url}/watch`];
      const { ms } = await load.do<{ ms: number }>('latency', { device, viewer, isBare, messages: 500 });
      // the first round warms up
      if (round >= 0) us.get(name)!.push(1000 * ms);
    }
  }
  await load.close();
  for (const server of servers.values()) await server.close();
  const bare = us.get('bare')!;
  return [...us].slice(1).map(([name, times]) => ({
    name: `added latency, device to viewer, ${name}, median`,
    value: median(times.map((each, round) => each - bare[round])),
    unit: 'µs',
    details: `${digits(median(times))} µs, bare echo ${digits(median(bare))} µs`,
  }));
}

/** Event-loop delay (p99, ms) up to which a number of streams or viewers fits. */
const maxDelay = 20;
/** How far the newest acknowledgment may be behind a device, in s: they are sent four times per second. */
const maxLag = 1;

/** Measures growing numbers of streams in real time until they do not fit. */
async function streams({ seconds }: ServerBenchOptions): Promise<Figure[]> {
  const figures: Figure[] = [];
  let fitting = 0;
  for (const count of [100, 200, 300, 400, 500, 600, 800]) {
    const load = new LoadProcess();
    const server = await ServerProcess.start({ kind: 'tapline', recorded: true });
    await load.do('startStreams', { url: server.url, names: Array.from({ length: count }, (_, i) => `s${i}`) });
    await setTimeout(1000 * Math.max(5, seconds / 4));
    const before = await server.reset();
    const begin = performance.now();
    await setTimeout(1000 * seconds);
    const { lag } = await load.do<{ lag: number }>('lag');
    const { cpu, delay, rss } = await server.sample();
    const core = (cpu - before.cpu) / (1000 * (performance.now() - begin));
    await load.close();
    await server.close();
    const fits = core <= 1 && delay.p99 < maxDelay && lag < maxLag;
    if (fits) fitting = count;
    const details = `${(100 * core).toFixed(0)} % of a core, event-loop delay p99 ${delay.p99.toFixed(1)} ms, ${(rss / 1e6).toFixed(0)} MB, ${lag.toFixed(2)} s not acknowledged`;
    figures.push({
      name: `  ${count} streams, 8 × 250 Hz, default feed, recorded`,
      value: 100 * core,
      unit: '%',
      details,
    });
    if (!fits) break;
  }
  return [
    { name: 'streams that fit on one core', value: fitting, unit: '', details: `p99 < ${maxDelay} ms` },
    ...figures,
  ];
}

/** Share of the blocks that viewers must receive. */
const minReceived = 0.98;

/** Measures a number of viewers of one stream at 60 Hz. */
async function watched(served: Served, count: number, hz: number, seconds: number) {
  const load = new LoadProcess();
  const server = await ServerProcess.start(served);
  await load.do('startViewers', { url: server.url, count, hz, isBare: served.kind !== 'tapline' });
  await setTimeout(3000);
  const before = await server.reset();
  const start = await load.do<{ blocks: number }>('counts');
  const begin = performance.now();
  await setTimeout(1000 * seconds);
  const { blocks } = await load.do<{ blocks: number }>('counts');
  const { cpu, delay } = await server.sample();
  const passed = (performance.now() - begin) / 1000;
  await load.close();
  await server.close();
  const sent = blocks - start.blocks;
  return {
    core: (cpu - before.cpu) / (1e6 * passed),
    us: (cpu - before.cpu) / sent,
    rate: sent / passed / count,
    delay,
  };
}

/** Measures growing numbers of viewers of one stream at 60 Hz until they do not fit, beside a server that only sends. */
async function viewers({ seconds }: ServerBenchOptions): Promise<Figure[]> {
  const figures: Figure[] = [];
  const hz = 60;
  const server = { maxViewers: 2000, maxConnectionsPerAddress: 2000, maxWaiting: 2000 };
  let fitting = 0;
  for (const count of [100, 200, 300, 400, 600, 800, 1000, 1200, 1500]) {
    const bare = await watched({ kind: 'echo' }, count, hz, seconds);
    const { core, us, rate, delay } = await watched({ kind: 'tapline', server }, count, hz, seconds);
    const fits = core <= 1 && delay.p99 < maxDelay && rate > minReceived * hz;
    if (fits) fitting = count;
    const details = `${(100 * core).toFixed(0)} % of a core, ${digits(us)} µs per message, event-loop delay p99 ${delay.p99.toFixed(1)} ms, ${rate.toFixed(1)} blocks/s each; bare ws ${digits(bare.us)} µs, ${bare.rate.toFixed(1)} blocks/s`;
    figures.push({ name: `  ${count} viewers at ${hz} Hz ÷ bare ws`, value: us / bare.us, unit: '×', details });
    if (!fits) break;
  }
  return [{ name: 'viewers at 60 Hz that fit on one core', value: fitting, unit: '', details: '' }, ...figures];
}

/** Measures the delay of the event loop while clients attack the server, beside a device in real time. */
async function attacks({ seconds }: ServerBenchOptions): Promise<Figure[]> {
  const figures: Figure[] = [];
  const { names } = await attackersOf((attackers) => attackers.do<{ names: string[] }>('attackNames'));
  for (const name of names) {
    const server = await ServerProcess.start({ kind: 'tapline', recorded: true });
    const healthy = new LoadProcess();
    await healthy.do('startStreams', { url: server.url, names: ['healthy'] });
    await setTimeout(1000);
    await server.reset();
    await attackersOf((attackers) => attackers.do('attack', { url: server.url, name, seconds }));
    const { delay, rss } = await server.sample();
    const { lag } = await healthy.do<{ lag: number }>('lag');
    await healthy.close();
    await server.close();
    const details = `median ${delay.p50.toFixed(1)} ms, maximum ${delay.max.toFixed(0)} ms, ${(rss / 1e6).toFixed(0)} MB, ${lag.toFixed(2)} s of another device not acknowledged`;
    figures.push({ name: `event-loop delay p99: ${name}`, value: delay.p99, unit: 'ms', details });
  }
  return figures;
}

/** Uses a process of attackers. */
async function attackersOf<T>(use: (attackers: LoadProcess) => Promise<T>): Promise<T> {
  const attackers = new LoadProcess();
  try {
    return await use(attackers);
  } finally {
    await attackers.close();
  }
}

const topics = { messages, latency, streams, viewers, attacks };

await runCommand(usage, readOptions, async (options) => {
  console.log(`${machine()}\n`);
  const figures: Figure[] = [];
  for (const [part, measure] of Object.entries(topics))
    if (options.wanted(part)) figures.push(...(await measure(options)));
  console.log(
    table(
      ['', 'value', 'unit', ''],
      figures.map(({ name, value, unit, details }) => [name, digits(value), unit, details]),
    ),
  );
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(figures, null, 2)}\n`);
});
