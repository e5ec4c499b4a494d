import type { Scenario } from './scenario.ts';

const hour = 3_600_000;

/** Devices whose clocks are set by an hour, run apart, or wrap. */
export const clockSteps: Scenario = {
  name: 'clock-steps',
  summary: 'Clocks of devices are set by ±1 h, drift, and wrap at 2^32 ms, 2^32 µs, and 2^30 ms.',
  seconds: 10,
  async run(stage) {
    const started = Date.now();
    const rate = 100;
    const random = stage.fork();
    const steps = [1, 2, 3, 4].map(() => ({
      at: Math.floor(random.uniform() * stage.seconds * rate),
      by: random.uniform() < 0.5 ? hour : -hour,
    }));
    const elapsed = (index: number) => (index * 1000) / rate;
    const stepped = (index: number) =>
      started + elapsed(index) + steps.filter(({ at }) => index >= at).reduce((sum, { by }) => sum + by, 0);
    /** A counter with `unit` counts per ms that wraps after half of the duration. */
    const wrapping = (size: number, unit: number) => (index: number) => {
      const first = size - stage.seconds * 500 * unit;
      return Math.floor(first + elapsed(index) * unit) % size;
    };
    const clocks: Record<string, { timeOf: (index: number) => number; clock?: 'monotonic' }> = {
      stepped: { timeOf: stepped },
      fast: { timeOf: (index) => started + 1.01 * elapsed(index) },
      'wrap-ms': { timeOf: wrapping(2 ** 32, 1), clock: 'monotonic' },
      'wrap-us': { timeOf: wrapping(2 ** 32, 1000), clock: 'monotonic' },
      'wrap-30': { timeOf: wrapping(2 ** 30, 1), clock: 'monotonic' },
    };
    const streams = Object.keys(clocks).map((name) => stage.stream(name));
    const observer = stage.viewer({ streams: [...streams, stage.stream('neighbor')] });
    const neighbor = stage.neighbor();
    for (const [name, clock] of Object.entries(clocks))
      stage.device(name, { rate, channels: 2, binary: stage.random.uniform() < 0.5, ...clock });
    await stage.pass(stage.seconds);
    await stage.settle(observer);
    stage.check(neighbor.disconnections === 0, `${neighbor.stream} was disconnected`);
    stage.results.push(`${steps.length} steps of 1 h, 3 wraps`);
  },
};
