import { WebSocket } from 'ws';
import { once } from 'node:events';
import { ChaosProxy } from './chaos-proxy.ts';
import type { Scenario } from './scenario.ts';

const devices = 12;
/** Close code of a device whose name is in use. */
const nameInUse = 4002;

/** A network that delays, throttles, cuts, and half-opens connections, and devices that connect twice. */
export const halfOpen: Scenario = {
  name: 'half-open',
  summary: 'A proxy delays, throttles, cuts, and half-opens connections; a second device uses the name of another.',
  seconds: 12,
  async run(stage) {
    const proxy = await ChaosProxy.open(stage.target.url);
    stage.finally(() => proxy.close());
    const streams = Array.from({ length: devices }, (_, n) => stage.stream(n));
    const observer = stage.viewer({ streams: [...streams, stage.stream('neighbor')] });
    const neighbor = stage.neighbor();
    streams.forEach((_, n) => {
      stage.device(n, { server: proxy.url, rate: 50 + stage.integer(100), channels: 4, binary: n % 2 === 0 });
    });
    const counts = { cut: 0, halfOpen: 0, duplicate: 0 };
    const faults: (() => unknown)[] = [
      () => (proxy.delay = 5 + stage.integer(100)),
      () => (proxy.bytesPerSecond = 20_000 + stage.integer(100_000)),
      () => (counts.cut += proxy.cut()),
      () => (counts.halfOpen += proxy.halfOpen()),
      async () => {
        const socket = new WebSocket(`${stage.target.url}/ingest/${neighbor.stream}?if=free`, 'tapline.v1');
        const [code] = (await once(socket, 'close')) as [number];
        stage.check(code === nameInUse, `a second device of ${neighbor.stream} was closed with ${code}`);
        counts.duplicate++;
      },
      () => {
        proxy.delay = 0;
        proxy.bytesPerSecond = Infinity;
      },
    ];
    await observer.until(() => observer.health.has(neighbor.stream));
    const each = stage.seconds / (2 * faults.length);
    for (let round = 0; round < 2; round++)
      for (const fault of shuffled(faults, () => stage.random.uniform())) {
        await fault();
        await stage.pass(each);
      }
    proxy.delay = 0;
    proxy.bytesPerSecond = Infinity;
    await stage.settle(observer);
    stage.check(neighbor.disconnections === 0, `${neighbor.stream} was disconnected`);
    stage.results.push(`${counts.cut} cut, ${counts.halfOpen} half-open, ${counts.duplicate} duplicate connections`);
  },
};

function shuffled<T>(list: readonly T[], uniform: () => number): T[] {
  return list
    .map((item) => ({ item, key: uniform() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
