import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PipelineStore } from '../../src/server/pipeline-store.ts';
import { noise } from '../core/alarms/quiet-stream.ts';
import { world } from './peer.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
});
afterEach(() => rm(directory, { recursive: true }));

const files = async () => (await readdir(directory)).filter((file) => file.endsWith('~pipeline.state')).sort();

describe('the pipeline store', () => {
  test('keeps a limited number of streams and deletes those saved longest ago, also from disk and after a restart', async () => {
    const store = await PipelineStore.open(directory, 2, () => {});
    const run = { run: 7, next: 12, key: 'key', pipeline: Uint8Array.of(1, 2, 3) };
    for (const stream of ['b', 'a', 'b', 'c']) await store.save(stream, run);
    expect(await files()).toEqual(['b~pipeline.state', 'c~pipeline.state']);
    expect(['a', 'b', 'c'].map((stream) => store.get(stream))).toEqual([undefined, run, run]);
    await utimes(join(directory, 'c~pipeline.state'), 0, 0);
    const next = await PipelineStore.open(directory, 1, () => {});
    expect(await files()).toEqual(['b~pipeline.state']);
    expect(next.get('b')).toEqual(run);
  });

  test('does not fill the disk for many stream names, and saves nothing for a stream without frames', async () => {
    const w = await world({ statePath: directory, maxStreams: 1 });
    const say = async (name: string, frames: number) => {
      const sensor = await w.sensor(`${name}?rate=10&channels=a`);
      if (frames > 0) sensor.send({ type: 'samples', data: [Array.from(noise(frames, 1))] });
      await sensor.until((reply) => (frames > 0 ? reply.type === 'ack' && reply.received === frames : true));
      sensor.socket.close(1000);
      await sensor.closed;
    };
    for (let n = 0; n < 6; n++) await say(`pump.${n}`, 20);
    await say('shy', 0);
    await w.stop();
    expect(await files()).toEqual([2, 3, 4, 5].map((n) => `pump.${n}~pipeline.state`));
  });
});
