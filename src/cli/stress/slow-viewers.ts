import type { Scenario } from './scenario.ts';

const devices = 4;
/** Close codes of a viewer that is too slow for too long, or that does not read a ping. */
const tooSlow: readonly number[] = [4003, 4008];

/** Viewers that acknowledge late, and viewers that do not read. */
export const slowViewers: Scenario = {
  name: 'slow-viewers',
  summary: 'Viewers acknowledge late or never, or stop reading, next to a fast viewer.',
  seconds: 10,
  async run(stage) {
    const streams = Array.from({ length: devices }, (_, n) => stage.stream(n));
    const observer = stage.viewer({ streams });
    const late = stage.viewer({ streams, ackEvery: 2000 });
    const unacknowledged = stage.viewer({ streams, ackEvery: Infinity });
    const paused = stage.viewer({ streams });
    const fast = streams.map((_, n) => stage.device(n, { rate: 1000, channels: 16, omit: n === 0 ? 0.02 : 0 }));
    await paused.until(() => paused.views.length === devices);
    await stage.pass(stage.seconds * 0.2);
    paused.socket.pause();
    await stage.pass(stage.seconds * 0.8);
    paused.socket.resume();
    await stage.settle(observer);
    for (const device of fast) stage.check(device.disconnections === 0, `${device.stream} was disconnected`);
    let dropped = 0;
    for (const viewer of [late, unacknowledged, paused]) {
      if (viewer.closed !== undefined) {
        stage.check(tooSlow.includes(viewer.closed), `a slow viewer was disconnected with ${viewer.closed}`);
        continue;
      }
      for (const { sent, stream } of fast)
        stage.checkView(stream, await viewer.viewed(stream, sent.next), sent.next, sent.omitted);
      for (const view of viewer.views) dropped += view.dropped;
    }
    stage.results.push(`${dropped} frames reported as dropped for slow viewers`);
  },
};
