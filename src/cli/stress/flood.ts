import type { Scenario } from './scenario.ts';

/** Devices beside the flood. */
const healthy = 4;

/** A sensor that is far faster than its pipeline, beside healthy ones. */
export const flood: Scenario = {
  name: 'flood',
  summary: 'One device sends far faster than its pipeline can process, next to healthy devices.',
  seconds: 10,
  async run(stage) {
    const names = Array.from({ length: healthy }, (_, n) => stage.stream(n));
    const observer = stage.viewer({ streams: [...names, stage.stream('flood')] });
    const beside = names.map((_, n) => stage.device(n, { rate: 100, channels: 4, omit: n === 0 ? 0.05 : 0 }));
    const fast = stage.device('flood', { rate: 250, channels: 8, kind: 'eeg', flood: 2500 });
    await stage.pass(stage.seconds);
    const seconds = fast.sent.next / 250 / stage.seconds;
    await stage.settle(observer);
    for (const device of [fast, ...beside])
      stage.check(device.disconnections === 0, `${device.stream} was disconnected`);
    stage.results.push(`flood of ${seconds.toFixed(0)}× its sampling rate`);
  },
};
