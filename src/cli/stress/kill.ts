import { imbalance } from './account.ts';
import type { Device } from './device.ts';
import { recordedFrames } from './recorded-frames.ts';
import type { Scenario, Stage } from './scenario.ts';

const devices = 6;
/** Number of tenths of a second for which a first durable frame of every device is awaited. */
const maxWaits = 200;

/** The server is killed and started again; what it acknowledged as durable must be there. */
export const kill: Scenario = {
  name: 'kill',
  summary: 'The server is killed (SIGKILL) and restarted; every frame acknowledged as durable is recorded.',
  seconds: 15,
  ownServer: true,
  async run(stage) {
    const own = stage.target.own!;
    const started = Array.from({ length: devices }, (_, n) =>
      stage.device(n, { rate: 20 + stage.integer(200), channels: 1 + stage.integer(4), omit: n === 0 ? 0.02 : 0 }),
    );
    /** Highest durable index of each device. */
    const durable = new Map<string, number>();
    for (const device of started)
      device.onEvent = (event) => {
        if (event.type === 'ack') durable.set(device.stream, Math.max(durable.get(device.stream) ?? 0, event.durable));
      };
    // a stream of which nothing is recorded cannot be continued
    const isRecorded = () => started.every(({ stream }) => (durable.get(stream) ?? 0) > 0);
    for (let waits = 0; waits < maxWaits && !isRecorded() && !stage.isStopped; waits++) await stage.pass(0.1);
    const kills = Math.max(1, Math.round(stage.seconds / 5));
    for (let n = 0; n < kills && !stage.isStopped; n++) {
      await stage.pass((stage.seconds / kills) * (0.4 + 0.6 * stage.random.uniform()));
      await own.kill();
      const recorded = await recordedFrames(own.statePath, [...durable.keys()]);
      for (const [stream, next] of durable) {
        const found = recorded.get(stream)!;
        stage.problems.push(...found.problems);
        stage.check(found.next >= next, `${stream}: ${next} frames were durable, but ${found.next} are recorded`);
      }
      await own.restart();
    }
    await stage.pass(2);
    await settleKilled(stage, started);
    stage.results.push(`${kills} kills, ${[...durable.values()].reduce((a, b) => a + b, 0)} durable frames`);
  },
};

/** Balances the accounts with the recordings, because the counts of the server start anew with every start. */
async function settleKilled(stage: Stage, devices: readonly Device[]): Promise<void> {
  const own = stage.target.own!;
  await Promise.all(devices.map((device) => device.stop()));
  await own.stop();
  const names = devices.map(({ stream }) => stream);
  const recorded = await recordedFrames(own.statePath, names);
  await own.restart();
  for (const { stream, sent, runs, failure, recovered } of devices) {
    if (failure !== undefined) stage.problems.push(`${stream}: the device gave up: ${failure}`);
    const { next, gaps, problems } = recorded.get(stream)!;
    stage.problems.push(...problems, ...imbalance(sent, { received: next - gaps, gaps, next }));
    stage.check(runs.length === 1, `${stream}: the run was not continued after a kill`);
    stage.check(recovered === true, `${stream}: welcome.recovered must be true, got ${recovered}`);
    stage.totals.streams++;
    stage.totals.sent += sent.next;
    stage.totals.processed += next - gaps;
    stage.totals.gaps += gaps;
  }
}
