import { ChaosProxy } from './chaos-proxy.ts';
import type { Scenario } from './scenario.ts';

const devices = 50;

/** All devices are cut at once, again and again. */
export const reconnectStorm: Scenario = {
  name: 'reconnect-storm',
  summary: 'The connections of 50 devices are cut at once, repeatedly.',
  seconds: 12,
  async run(stage) {
    const proxy = await ChaosProxy.open(stage.target.url);
    stage.finally(() => proxy.close());
    const streams = Array.from({ length: devices }, (_, n) => stage.stream(n));
    const observer = stage.viewer({ streams: streams.slice(0, 10) });
    streams.forEach((_, n) => {
      const [rate, channels] = [10 + stage.integer(90), 1 + stage.integer(8)];
      stage.device(n, { server: proxy.url, rate, channels, binary: n % 2 === 0, omit: 0.02 });
    });
    let cuts = 0;
    for (let left = stage.seconds; left > 0 && !stage.isStopped;) {
      const wait = Math.min(left, 0.3 + 2 * stage.random.uniform());
      await stage.pass(wait);
      left -= wait;
      cuts += proxy.cut();
    }
    await stage.settle(observer);
    stage.check(cuts > 0, 'no connection was cut');
    stage.results.push(`${cuts} connections cut`);
  },
};
