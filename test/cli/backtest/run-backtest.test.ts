import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StreamBacktest } from '../../../src/cli/backtest/backtest-result.ts';
import { type BacktestPlan, runBacktest } from '../../../src/cli/backtest/run-backtest.ts';
import { defaultSettings, type NamedSettings } from '../../../src/cli/backtest/settings-file.ts';
import type { StreamAlarm } from '../../../src/cli/backtest/stream-alarms.ts';
import { cutBlock } from '../../../src/core/blocks/cut-block.ts';
import { frameCount } from '../../../src/core/blocks/block.ts';
import { ReadOnlyRecording } from '../../../src/store/read-only-recording.ts';
import type { RecordedEvent } from '../../../src/store/recorded-event.ts';
import type { LossMessage } from '../../../src/protocol/learner-message.ts';
import type { WatchMessage } from '../../../src/protocol/index.ts';
import { Recorder } from '../../../src/store/recorder.ts';
import { is } from '../../server/peer.ts';
import { inDirectory } from '../../store/temporary.ts';
import { begin, RecordedServer, type TestStream } from './recorded-server.ts';

const streams: TestStream[] = [
  { name: 'mill', channels: 2, anomalies: [800, 1700, 2450, 3300], blocks: [10] },
  { name: 'pump', channels: 1, anomalies: [900, 1702, 2600, 3400], gap: [1200, 1300], blocks: [1, 7, 25] },
  { name: 'fan', channels: 3, anomalies: [2000], blocks: [50] },
];
const names = streams.map(({ name }) => name);
const frames = 3600;

// frames are 100 ms apart: no frame is exactly as old as a limit, where the rounding of times would decide
const times = { offDelay: 10_050, cooldown: 60_050 };
const alarms = { falseAlarms: 500, ...times };
const settingsWith = async (falseAlarms: number): Promise<NamedSettings> => ({
  ...(await defaultSettings()),
  powerLine: 50,
  alarms: { falseAlarms, ...times },
});
const same = await settingsWith(500);
const whole = { from: -Infinity, to: Infinity, warmUp: Infinity };
const planOf = (state: string, more: Partial<BacktestPlan> = {}): BacktestPlan => ({
  state,
  streams: names,
  span: whole,
  baseline: same,
  config: undefined,
  ...more,
});

/** Records the streams with a real server, and calls `use` before it is stopped. */
async function recorded<T>(state: string, use?: (server: RecordedServer) => Promise<T>): Promise<T | undefined> {
  const server = await RecordedServer.start(state, { alarms, powerLine: 50 });
  try {
    await server.publish(streams, frames);
    return await use?.(server);
  } finally {
    await server.stop();
  }
}

/** What must be equal of the same alarm in two replays. */
const facts = (list: readonly StreamAlarm[]) => list.map(({ id: _, ...alarm }) => alarm);
const first = (list: readonly StreamAlarm[]) =>
  list.map(({ stream, kind, cause, run, from, score, channels }) => ({
    stream,
    kind,
    cause,
    run,
    from,
    score,
    channels,
  }));
const of = (results: readonly StreamBacktest[], name: string) => results.find(({ stream }) => stream === name)!;

describe('a replay with the settings of the server', () => {
  test('raises exactly the alarms that the server raised, while the server is still running', () =>
    inDirectory(async (state) => {
      const [live, result] = (await recorded(state, async (server) => {
        const raised = await server.alarms();
        return [raised, await runBacktest(planOf(state))] as const;
      }))!;
      const members = live
        .filter(({ kind }) => kind !== 'silent')
        .flatMap(({ kind, members: all }) => all.map(({ stream }) => `${stream} ${kind}`));
      expect(members.length).toBeGreaterThan(4);
      for (const { stream, recorded: own, reproduced, kept, gained, lost, isSameSettings, numbers } of result.streams) {
        expect(own.map(({ kind }) => `${stream} ${kind}`)).toHaveLength(
          members.filter((member) => member.startsWith(`${stream} `)).length,
        );
        expect(gained).toEqual([]);
        expect(lost).toEqual([]);
        expect(reproduced).toBe(own.length);
        expect(facts(kept.map(({ after }) => after))).toEqual(facts(kept.map(({ before }) => before)));
        expect(isSameSettings).toBe(true);
        expect(numbers.after).toEqual(numbers.before);
      }
      expect(of(result.streams, 'pump').amounts).toMatchObject({ isWhole: true, lost: 0, damage: [], runs: 1 });
      expect(of(result.streams, 'pump').amounts.gaps).toBeGreaterThan(99);
      expect(of(result.streams, 'mill').amounts).toMatchObject({ frames, gaps: 0, time: 100 * frames, first: begin });
    }));

  test('raises exactly the alarms of a server that was restarted, in each run', () =>
    inDirectory(async (state) => {
      await recorded(state);
      const again = await RecordedServer.start(state, { alarms, powerLine: 50 }, 100 * frames + 60_000);
      try {
        await again.publish(streams, frames, { seed: 11 });
      } finally {
        await again.stop();
      }
      const result = await runBacktest(planOf(state));
      const pump = of(result.streams, 'pump');
      expect(pump.amounts.runs).toBe(2);
      expect(new Set(pump.recorded.map(({ run }) => run)).size).toBe(2);
      for (const { recorded: own, reproduced, kept, gained, lost } of result.streams) {
        expect([gained, lost]).toEqual([[], []]);
        expect(reproduced).toBe(own.length);
        expect(first(kept.map(({ after }) => after))).toEqual(first(kept.map(({ before }) => before)));
      }
    }));

  test('applies the verdicts of users', () =>
    inDirectory(async (state) => {
      await recorded(state, async (server) => {
        const viewer = await server.world.viewer();
        viewer.send({ type: 'alarms', on: true });
        const { alarms: list } = await viewer.until(is('alarms'));
        const { id } = list.find(({ members }) => members.some(({ stream }) => stream === 'fan'))!;
        viewer.send({ type: 'alarm', alarm: id, do: 'falseAlarm' });
        await viewer.until((message) => message.type === 'alarm' && message.step === 'falseAlarm');
        // the next event is recorded after the verdict
        await server.publish([{ ...streams[2], blocks: [20] }], frames + 20, { from: frames });
      });
      const result = await runBacktest(planOf(state));
      const { kept, gained, lost } = of(result.streams, 'fan');
      expect([gained, lost]).toEqual([[], []]);
      expect(kept.filter(({ before }) => before.falseAlarm)).toHaveLength(1);
      for (const { before, after } of kept) expect(after.falseAlarm).toBe(before.falseAlarm);
    }));
});

describe('a replay with other settings', () => {
  test('raises fewer alarms at a lower false-alarm rate, and the numbers add up', () =>
    inDirectory(async (state) => {
      await recorded(state);
      const config = { ...(await settingsWith(100_000)), name: 'new.json' };
      const result = await runBacktest(planOf(state, { config }));
      expect(result).toMatchObject({ before: 'replayed with default settings', after: 'replayed with new.json' });
      const count = (pick: (stream: StreamBacktest) => number) =>
        result.streams.reduce((sum, stream) => sum + pick(stream), 0);
      expect(count(({ numbers }) => numbers.after.alarms)).toBeLessThan(count(({ numbers }) => numbers.before.alarms));
      expect(count(({ gained }) => gained.length)).toBe(0);
      for (const { numbers, kept, gained, lost, recorded: own, reproduced } of result.streams) {
        expect(kept.length + lost.length).toBe(numbers.before.alarms);
        expect(kept.length + gained.length).toBe(numbers.after.alarms);
        expect(reproduced).toBe(own.length);
        expect(numbers.after.share).toBeLessThanOrEqual(numbers.before.share);
      }
      // the reverse comparison is the mirror image
      const reverse = await runBacktest(planOf(state, { baseline: config, config: same }));
      result.streams.forEach(({ gained, lost }, i) => {
        expect(facts(reverse.streams[i].gained)).toEqual(facts(lost));
        expect(facts(reverse.streams[i].lost)).toEqual(facts(gained));
      });
    }));

  test('scores a learner that only these settings have', () =>
    inDirectory(async (state) => {
      await recorded(state);
      const learners = { mill: [{ name: 'long', task: 'forecast' as const, taps: 40 }] };
      const result = await runBacktest(planOf(state, { streams: ['mill'], config: { ...same, learners } }));
      const [forecast, long] = result.streams[0].learners;
      expect(forecast.name).toBe('forecast');
      expect(forecast.after).toEqual(forecast.before);
      expect(long).toMatchObject({ name: 'long', before: undefined, after: { task: 'forecast', runs: 1 } });
      expect(long.after?.nmse).toBeGreaterThan(0);
      expect(long.after?.nmse).not.toBe(forecast.after?.nmse);
    }));
});

test('a stream that learns from another one is replayed with its targets, in each run', () =>
  inDirectory(async (state) => {
    const pair: TestStream[] = [
      { name: 'mill', channels: 2, anomalies: [800], blocks: [10] },
      { name: 'truth', channels: 1, anomalies: [], blocks: [10] },
    ];
    /** Records a run, and returns the score of the learner. */
    const record = async (after: number) => {
      const server = await RecordedServer.start(state, { alarms, powerLine: 50 }, after);
      try {
        await server.sensor(pair[0]);
        await server.sensor(pair[1], '&for=mill');
        await server.publish(pair, 1500, { seed: 1 + after });
        const viewer = await server.world.viewer();
        viewer.send({ type: 'subscribe', id: 1, stream: 'mill', what: ['loss'], recent: true });
        const learners = server.world.server.streams().find(({ name }) => name === 'mill')!.learners;
        const { index } = learners.find(({ name }) => name === 'truth')!;
        const isLoss = is<WatchMessage, 'loss'>('loss');
        const loss = await server.ticking(
          viewer.until((message): message is LossMessage => isLoss(message) && message.learner === index),
        );
        return loss.overall!.nmse!;
      } finally {
        await server.stop();
      }
    };
    const replayed = async () => (await runBacktest(planOf(state, { streams: ['mill'], config: same }))).streams[0];
    const nmse = await record(0);
    expect(nmse).toBeGreaterThan(0);
    const first = await replayed();
    expect(first.learners.find(({ name }) => name === 'truth')?.after?.nmse).toBe(nmse);
    await record(200_000);
    const mill = await replayed();
    expect(mill.notes.filter((note) => note.startsWith('with '))).toEqual([]);
    expect([mill.gained, mill.lost, mill.reproduced]).toEqual([[], [], mill.recorded.length]);
    const truth = mill.learners.find(({ name }) => name === 'truth');
    expect(truth?.after).toMatchObject({ task: 'target', runs: 2 });
    expect(truth?.before).toEqual(truth?.after);
  }));

/** Records the same frames again in blocks of `length` frames and segments of 32 KiB. */
async function recordedInBlocks(from: string, to: string, length: number): Promise<void> {
  const recorder = await Recorder.open(join(to, 'recordings'), {
    retention: { minFree: 0, maxAge: 1e15 },
    fsync: 'never',
    segmentBytes: 1 << 15,
  });
  for (const name of names) {
    let waiting: Extract<RecordedEvent, { type: 'block' }>['block'] | undefined;
    const flush = () => {
      for (let at = waiting?.start ?? 0; waiting && at < waiting.start + frameCount(waiting); at += length)
        recorder.record(name, { type: 'block', block: cutBlock(waiting, at, length) });
      waiting = undefined;
    };
    for await (const { event } of (await ReadOnlyRecording.open(join(from, 'recordings', name))).read()) {
      if (event.type === 'block') {
        const before = waiting;
        const { block } = event;
        if (before && before.start + frameCount(before) === block.start)
          waiting = { ...before, data: Float32Array.of(...before.data, ...block.data) };
        else {
          flush();
          waiting = block;
        }
      } else if (event.type !== 'damaged' && event.type !== 'lost') {
        flush();
        recorder.record(name, event);
      }
    }
    flush();
  }
  await recorder.close();
}

test('the division of a recording into blocks and segments does not change the alarms', () =>
  inDirectory((state) =>
    inDirectory(async (other) => {
      await recorded(state);
      const replayOf = async (directory: string, stream: string) => {
        const { streams: results } = await runBacktest(planOf(directory, { streams: [stream], config: same }));
        return results[0];
      };
      for (const length of [3, 400]) {
        const directory = join(other, String(length));
        await recordedInBlocks(state, directory, length);
        for (const name of names) {
          const [result, again] = [await replayOf(state, name), await replayOf(directory, name)];
          expect(again.numbers.after.alarms).toBeGreaterThan(0);
          expect(first(again.kept.map(({ after }) => after))).toEqual(first(result.kept.map(({ after }) => after)));
          expect([again.gained, again.lost]).toEqual([[], []]);
          expect(again.amounts).toEqual({
            ...result.amounts,
            time: expect.closeTo(result.amounts.time, 3) as number,
            last: expect.closeTo(result.amounts.last!, 1) as number,
          });
          // scores are reported about four times per second, after a block
          for (const [n, { after }] of again.learners.entries())
            expect(after?.nmse).toBeCloseTo(result.learners[n].after!.nmse!, 3);
        }
      }
    }),
  ));

describe('a time span', () => {
  test('contains the alarms that are raised in it, after a warm-up of what was recorded before', () =>
    inDirectory(async (state) => {
      await recorded(state);
      const span = { from: begin + 161_550, to: begin + 300_000, warmUp: Infinity };
      const all = of((await runBacktest(planOf(state))).streams, 'pump');
      const { streams: results } = await runBacktest(planOf(state, { span }));
      const [mill, pump] = [of(results, 'mill'), of(results, 'pump')];
      const inside = all.recorded.filter(({ raised }) => raised >= span.from && raised < span.to);
      expect(inside.length).toBeGreaterThan(1);
      expect(inside.length).toBeLessThan(all.recorded.length);
      expect(facts(pump.kept.map(({ before }) => before))).toEqual(facts(inside));
      expect([pump.gained, pump.lost]).toEqual([[], []]);
      expect(mill.amounts).toMatchObject({ warmUp: 1616, frames: 1384, isWhole: true, first: begin + 161_600 });
      expect(mill.notes).toEqual([]);
    }));

  test('without a warm-up is not scored at first, and says so', () =>
    inDirectory(async (state) => {
      await recorded(state);
      const span = { from: begin + 150_000, to: Infinity, warmUp: 2000 };
      const mill = of((await runBacktest(planOf(state, { span }))).streams, 'mill');
      expect(mill.amounts).toMatchObject({ warmUp: 20, warmUpTime: 2000, isWhole: false });
      expect(mill.notes).toEqual([
        'the replay does not begin with the first frame of the stream, so it starts without what the server had learned before',
        'the first 160 frames of the time span have no score, because the detector needs 180 frames before its first one',
      ]);
    }));
});

test('damaged and lost parts of a recording are gaps, and are reported', () =>
  inDirectory(async (state) => {
    await recorded(state);
    const directory = join(state, 'recordings', 'mill');
    const file = join(
      directory,
      readdirSync(directory).find((name) => name.endsWith('.rec'))!,
    );
    const bytes = readFileSync(file);
    bytes.fill(0xff, bytes.length >> 2, (bytes.length >> 2) + 4000);
    writeFileSync(file, bytes);
    const recorder = await Recorder.open(join(state, 'recordings'), { retention: { minFree: 0, maxAge: 1e15 } });
    await recorder.close();
    const result = await runBacktest(planOf(state));
    const mill = of(result.streams, 'mill');
    expect(mill.amounts.damage.length).toBeGreaterThan(0);
    expect(mill.notes.join('\n')).toMatch(
      /\.rec is damaged at byte \d+ \(\d+ bytes\); the replay treats its frames as a gap/,
    );
    expect(mill.amounts.frames).toBeLessThan(frames);
    expect(mill.numbers.after.alarms).toBeGreaterThan(0);
    expect(of(result.streams, 'pump').lost).toEqual([]);
  }));
