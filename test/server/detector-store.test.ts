import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DetectorStore } from '../../src/server/detector-store.ts';
import { noise } from '../core/alarms/quiet-stream.ts';
import { world } from './peer.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
});
afterEach(() => rm(directory, { recursive: true }));

const detectors = async () => (await readdir(directory)).filter((file) => file.endsWith('~detector.state')).sort();

describe('the detector store', () => {
  test('keeps a limited number of streams and deletes those saved longest ago, also from disk and after a restart', async () => {
    const store = await DetectorStore.open(directory, 2, () => {});
    for (const stream of ['b', 'a', 'b', 'c']) await store.save(stream, 'shape', { n: 1 });
    expect(await detectors()).toEqual(['b~detector.state', 'c~detector.state']);
    expect(['a', 'b', 'c'].map((stream) => store.get(stream, 'shape'))).toEqual([undefined, { n: 1 }, { n: 1 }]);
    await utimes(join(directory, 'c~detector.state'), 0, 0);
    const next = await DetectorStore.open(directory, 1, () => {});
    expect(await detectors()).toEqual(['b~detector.state']);
    expect(next.get('b', 'shape')).toEqual({ n: 1 });
  });

  test('does not fill the disk for many stream names, and saves nothing for a stream with few frames', async () => {
    const w = await world({ statePath: directory, maxStreams: 1 });
    const say = async (name: string, frames: number) => {
      const sensor = await w.sensor(`${name}?rate=10&channels=a`);
      sensor.send({ type: 'samples', data: [Array.from(noise(frames, 1))] });
      await sensor.until((reply) => reply.type === 'ack' && reply.received === frames);
      sensor.socket.close(1000);
      await sensor.closed;
    };
    for (let n = 0; n < 6; n++) await say(`pump.${n}`, 200);
    await say('shy', 100);
    await w.stop();
    expect(await detectors()).toEqual([2, 3, 4, 5].map((n) => `pump.${n}~detector.state`));
  });
});
