import type { Scenario } from './scenario.ts';
import { silentAlarms } from './silent-alarms.ts';

/** Longest sleep in seconds. */
const longest = 8;

/** The process of the server stands still, as when a laptop is closed. */
export const sleep: Scenario = {
  name: 'sleep',
  summary: 'The server process is suspended (SIGSTOP) and continued; no stream is reported as silent.',
  seconds: 14,
  ownServer: true,
  async run(stage) {
    const own = stage.target.own!;
    const names = [0, 1, 2, 3].map((n) => stage.stream(n));
    const observer = stage.viewer({ streams: names });
    const devices = names.map((_, n) => stage.device(n, { rate: 50, channels: 2, binary: n % 2 === 0, omit: 0.02 }));
    await stage.pass(stage.seconds * 0.25);
    stage.finally(() => own.resume());
    const seconds = Math.min(longest, stage.seconds / 2);
    own.suspend();
    await stage.pass(seconds);
    own.resume();
    await stage.pass(stage.seconds * 0.25);
    const alarms = await silentAlarms(stage, names);
    stage.check(alarms.length === 0, `${alarms.length} alarms report silent streams`);
    await stage.settle(observer);
    for (const device of devices) stage.check(device.disconnections === 0, `${device.stream} was disconnected`);
    stage.results.push(`${seconds.toFixed(0)} s suspended, ${alarms.length} silent streams reported`);
  },
};
