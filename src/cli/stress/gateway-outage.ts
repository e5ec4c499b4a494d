import { ChaosProxy } from './chaos-proxy.ts';
import type { Scenario } from './scenario.ts';
import { silentAlarms } from './silent-alarms.ts';

const devices = 50;
/** Length of the outage in seconds, and the shortest one that must raise an alarm. */
const outage = 10;
const noticed = 8;

/** Many devices share one gateway that goes away and comes back. */
export const gatewayOutage: Scenario = {
  name: 'gateway-outage',
  summary: 'A gateway that 50 devices share is down for 10 s; one alarm reports all of them.',
  seconds: 20,
  async run(stage) {
    const proxy = await ChaosProxy.open(stage.target.url);
    stage.finally(() => proxy.close());
    const names = Array.from({ length: devices }, (_, n) => stage.stream(n));
    const observer = stage.viewer({ streams: [...names.slice(0, 5), stage.stream('neighbor')] });
    const neighbor = stage.neighbor();
    names.forEach((_, n) => stage.device(n, { server: proxy.url, rate: 10 + stage.integer(40), channels: 2 }));
    await observer.until(() => names.every((name) => (observer.health.get(name)?.received ?? 0) > 0));
    await stage.pass(stage.seconds * 0.25);
    const seconds = Math.min(outage, stage.seconds / 2);
    proxy.down();
    await stage.pass(seconds);
    const alarms = await silentAlarms(stage, [...names, neighbor.stream]);
    proxy.up();
    await stage.pass(stage.seconds * 0.25);
    await stage.settle(observer);
    stage.check(neighbor.disconnections === 0, `${neighbor.stream} was disconnected`);
    const reported = new Set(alarms.flatMap(({ members }) => members.map(({ stream }) => stream)));
    stage.check(!reported.has(neighbor.stream), `${neighbor.stream} was reported as silent`);
    if (seconds >= noticed && !stage.isStopped) {
      stage.check(alarms.length === 1, `${alarms.length} alarms report the outage; expected 1`);
      stage.check(reported.size === devices, `${reported.size} of ${devices} streams were reported as silent`);
    }
    stage.results.push(`${seconds.toFixed(0)} s outage, ${alarms.length} alarm(s) with ${reported.size} streams`);
  },
};
