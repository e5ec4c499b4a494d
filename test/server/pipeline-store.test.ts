import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { block } from '../../src/core/blocks/block.ts';
import { Detector } from '../../src/core/detector/detector.ts';
import { Pipeline } from '../../src/core/pipeline/pipeline.ts';
import { encodeState } from '../../src/core/state/state-file.ts';
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
  test('stores a limited number of streams and deletes the least recently saved files, also after a restart', async () => {
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

  test.each([
    ['in the thread of the server', 0],
    ['in a worker thread', 1],
  ])(
    'limits the number of files for many stream names, and saves nothing for a stream without frames, %s',
    async (_, workers) => {
      const w = await world({ statePath: directory, maxStreams: 1, workers });
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
    },
  );

  test('reads the detector state that version 0.1 saved, until the pipeline of its stream is saved', async () => {
    const detector = new Detector(2, 10);
    detector.push(block(noise(300, 2), { channels: 2, rate: 10 }));
    const shape = JSON.stringify([[{ label: 'a' }, { label: 'b' }], 10, undefined]);
    const path = join(directory, 'pump~detector.state');
    await writeFile(path, encodeState('detector', detector.save(), { shape }));
    const store = await PipelineStore.open(directory, 2, () => {});
    const saved = store.get('pump')!;
    const earlier = Pipeline.restore(saved.pipeline);
    const detect = { digest: 'auto' as const, channels: [0, 1] };
    const pipeline = Pipeline.create({ detect }, { earlier });
    const next = block(noise(20, 2), { channels: 2, rate: 10 });
    detector.renumber();
    expect(pipeline.push(next)[0].detected).toEqual(detector.push(next));
    await store.save('pump', { run: 1, next: 20, key: 'key', pipeline: pipeline.save() });
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  });
});
