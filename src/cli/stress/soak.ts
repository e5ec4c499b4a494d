import { HttpDevice } from './http-device.ts';
import type { CountedDevice, Scenario, Stage } from './scenario.ts';
import type { ServerSample } from './server-process.ts';
import { slopeOf } from './slope.ts';
import type { Viewer } from './viewer.ts';

/** Share of the duration before memory is measured, and its longest time in seconds. */
const warmUp = { share: 0.25, longest: 600 };
/** Streams of each viewer. */
const watched = 15;
/** Growth of memory in MB/h that fails the scenario if it is certain, and the time in s for which it has to be measured. */
const maxGrowth = 100;
const minMeasured = 600;

/** Mixed devices and viewers for a long time; memory and the event loop of the server are measured. */
export const soak: Scenario = {
  name: 'soak',
  summary: 'Mixed devices (1-500 Hz, 1-16 channels; binary, JSON, HTTP) and viewers run for 30 min.',
  seconds: 1800,
  ownServer: true,
  onlyNamed: true,
  async run(stage) {
    const { devices, viewers } = stage.sizes;
    const names = Array.from({ length: devices }, (_, n) => stage.stream(n));
    const pick = () => names[stage.integer(names.length)];
    const picked = () => [...new Set(Array.from({ length: watched }, pick))];
    const observer = stage.viewer({ streams: picked() });
    const others = Array.from({ length: viewers - 1 }, () =>
      stage.viewer({ streams: picked(), what: ['raw', 'features'] }),
    );
    const started = names.map((_, n) => mixedDevice(stage, n));
    const measured = await measure(stage);
    await stage.settle(observer);
    await Promise.all(others.map((viewer) => balance(stage, viewer, started)));
    for (const { stream, disconnections } of started)
      stage.check(disconnections === 0, `${stream} was disconnected or rejected ${disconnections} times`);
    report(stage, measured);
  },
};

/** Balances the account of a viewer with those of its streams. */
async function balance(stage: Stage, viewer: Viewer, devices: readonly CountedDevice[]): Promise<void> {
  stage.check(viewer.closed === undefined, `a viewer was disconnected with ${viewer.closed}`);
  const streams = new Set(viewer.views.map(({ stream }) => stream));
  const watched = devices.filter(({ stream }) => streams.has(stream));
  await Promise.all(
    watched.map(async ({ stream, sent }) =>
      stage.checkView(stream, await viewer.viewed(stream, sent.next), sent.next, sent.omitted),
    ),
  );
}

/** Starts device `n`: rates are uniform on a logarithmic scale, and every third device uses HTTP. */
function mixedDevice(stage: Stage, n: number): CountedDevice {
  const rate = Math.round(500 ** stage.random.uniform() * 100) / 100;
  const channels = 1 + stage.integer(16);
  const stream = stage.stream(n);
  if (n % 3 > 0) return stage.device(n, { rate, channels, binary: n % 3 === 1, omit: 0.001 });
  const server = stage.target.url.replace('ws', 'http');
  return stage.add(new HttpDevice({ server, stream, rate, channels, random: stage.fork() }));
}

interface Measured {
  readonly times: number[];
  readonly rss: number[];
  last: ServerSample;
}

/** Measures the server once per second after the warm-up. */
async function measure(stage: Stage): Promise<Measured> {
  const own = stage.target.own!;
  await stage.pass(Math.min(warmUp.longest, stage.seconds * warmUp.share));
  own.resetDelays();
  const started = Date.now();
  const left = stage.seconds - Math.min(warmUp.longest, stage.seconds * warmUp.share);
  const measured: Measured = { times: [], rss: [], last: await own.sample() };
  while ((Date.now() - started) / 1000 < left && !stage.isStopped) {
    await stage.pass(1);
    measured.last = await own.sample();
    measured.times.push((Date.now() - started) / 3_600_000);
    measured.rss.push(measured.last.rss / 1e6);
  }
  return measured;
}

function report(stage: Stage, { times, rss, last }: Measured): void {
  const { slope, low, high } = slopeOf(times, rss);
  const seconds = (times.at(-1) ?? 0) * 3600;
  const { p50, p99, max } = last.delay;
  stage.results.push(
    `memory ${(rss.at(-1) ?? 0).toFixed(0)} MB, slope ${slope.toFixed(1)} MB/h (95 % interval ${low.toFixed(1)} to ${high.toFixed(1)}, ${seconds.toFixed(0)} s)`,
    `event-loop delay p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(0)} ms`,
  );
  if (seconds >= minMeasured)
    stage.check(low <= maxGrowth, `the memory of the server grows by more than ${maxGrowth} MB/h`);
}
