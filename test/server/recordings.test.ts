import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { frameCount } from '../../src/core/blocks/block.ts';
import type { Ack } from '../../src/protocol/ingest-reply.ts';
import type { StreamHistory } from '../../src/protocol/history-message.ts';
import type { RecordingStatus } from '../../src/server/recording-query.ts';
import { is, type World, world } from './peer.ts';

let w: World;
let statePath: string;
beforeEach(async () => {
  statePath = await mkdtemp(join(tmpdir(), 'tapline-'));
  w = await world({ statePath, recording: { commitInterval: 5, fsync: 'never' } });
});
afterEach(async () => {
  await w.stop();
  await rm(statePath, { recursive: true });
});

async function ask<T>(path: string): Promise<T & { status: number; error?: string }> {
  const response = await fetch(`${w.server.url}${path}`);
  return { ...((await response.json()) as T), status: response.status };
}

const start = 1_700_000_000_000;

/** Records frames of two channels at 10 Hz: frame i contains i and -i. */
async function record(frames: number): Promise<void> {
  const sensor = await w.sensor('mill?rate=10&channels=a,b');
  await sensor.until(is('welcome'));
  for (let from = 0; from < frames; from += 1000) {
    const length = Math.min(1000, frames - from);
    const data = [1, -1].map((sign) => Array.from({ length }, (_, i) => sign * (from + i)));
    sensor.send({ type: 'samples', start: from, time: start + 100 * from, data });
  }
  await sensor.until((reply) => reply.type === 'ack' && reply.durable === frames);
}

test('GET /history returns every frame of a short span, and columns of a long one', async () => {
  await record(5000);
  const { status, ...short } = await ask<StreamHistory>(`/history/mill?from=${start + 1000}&to=${start + 2000}`);
  expect(status).toBe(200);
  expect(short).toMatchObject({ stream: 'mill', size: 1 });
  const frames = Array.from({ length: 10 }, (_, i) => 10 + i);
  expect(short.runs).toHaveLength(1);
  expect(short.runs[0]).toMatchObject({ rate: 10, start: frames, time: frames.map((i) => start + 100 * i) });
  expect(short.runs[0].channels).toEqual([
    { label: 'a', unit: '', min: frames, max: frames, mean: frames, count: frames.map(() => 1) },
    { label: 'b', unit: '', ...negative(frames), count: frames.map(() => 1) },
  ]);
  const long = await ask<StreamHistory>('/history/mill?points=50');
  const [{ start: starts, frames: counts, channels }] = long.runs;
  expect(starts.length).toBeLessThanOrEqual(50);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5000);
  starts.forEach((first, i) => {
    const last = first + counts[i] - 1;
    expect([channels[0].min[i], channels[0].max[i], channels[1].min[i], channels[1].max[i]]).toEqual([
      first,
      last,
      0 - last,
      0 - first,
    ]);
    expect(channels[0].mean[i]).toBeCloseTo((first + last) / 2, 2);
  });
});

function negative(frames: readonly number[]) {
  const values = frames.map((i) => 0 - i);
  return { min: values, max: values, mean: values };
}

test('an invalid query has status 400 and a sentence, and a stream without a recording 404', async () => {
  await record(10);
  const queries = {
    'points=0': 'points must be an integer from 1 to 2000',
    'points=2001': 'points must be an integer from 1 to 2000',
    'from=yesterday': 'from must be ms since 1970',
    'from=5&to=5': 'to must be a time after from',
    'channel=a': 'query parameters must be among from, to, points',
  };
  for (const [query, sentence] of Object.entries(queries)) {
    const { status, error } = await ask<object>(`/history/mill?${query}`);
    expect({ query, status }).toEqual({ query, status: 400 });
    expect(error).toContain(sentence);
  }
  for (const name of ['pump', '..%2f..', '%00', '__proto__'])
    expect(await ask<object>(`/history/${name}`)).toMatchObject({ status: 404 });
});

test('an answer has at most 2000 columns, and fewer for many channels', async () => {
  const channels = Array.from({ length: 64 }, (_, i) => `c${i}`);
  const sensor = await w.sensor(`wide?rate=100&channels=${channels.join(',')}`);
  await sensor.until(is('welcome'));
  const data = channels.map((_, c) => Array.from({ length: 100 }, () => c));
  for (let i = 0; i < 15; i++) sensor.send({ type: 'samples', data });
  await sensor.until((reply) => reply.type === 'ack' && reply.durable === 1500);
  const { runs } = await ask<StreamHistory>('/history/wide?points=2000');
  expect(runs[0].start.length * 64).toBeLessThanOrEqual(32_768);
  expect(runs[0].frames.reduce((sum, count) => sum + count, 0)).toBe(1500);
});

test('many queries at the same time are all answered, or rejected with 503', async () => {
  await record(3000);
  const answers = await Promise.all(Array.from({ length: 60 }, () => ask<object>('/history/mill?points=2000')));
  const statuses = new Set(answers.map(({ status }) => status));
  expect([...statuses].every((status) => status === 200 || status === 503)).toBe(true);
  expect(statuses.has(200)).toBe(true);
  expect(await ask<object>('/history/mill')).toMatchObject({ status: 200 });
});

test('GET /recordings, /healthz, and the health message report the recordings', async () => {
  await record(200);
  const { streams, on, bytes } = await ask<RecordingStatus>('/recordings');
  expect({ on, bytes }).toEqual({ on: true, bytes: streams[0].bytes });
  expect(streams).toMatchObject([
    { stream: 'mill', oldest: start, durable: { run: 0, next: 200 }, lost: { frames: 0 } },
  ]);
  expect(streams[0].bytes).toBeGreaterThan(200 * 8);
  const { recording } = await ask<{ recording: object }>('/healthz');
  expect(recording).toMatchObject({ on: true });
  const viewer = await w.viewer();
  const health = await viewer.until(is('health'));
  expect(health.recording).toMatchObject({ on: true });
  expect(health.recording).not.toHaveProperty('problem');
});

test('DELETE /recordings erases a stream that goes on being recorded, and no other stream', async () => {
  await record(5000);
  const pump = await w.sensor('pump?rate=10&channels=a');
  await pump.until(is('welcome'));
  pump.send({ type: 'samples', data: [[1, 2, 3]] });
  await pump.until((reply) => reply.type === 'ack' && reply.durable === 3);
  const sensor = await w.sensor('mill?rate=10&channels=a,b');
  const { next } = await sensor.until(is('welcome'));
  expect(next).toBe(5000);
  expect(await erase('mill')).toEqual({ status: 200, erased: 'mill' });
  expect(await ask<object>('/history/mill')).toMatchObject({ status: 404 });
  expect((await ask<RecordingStatus>('/recordings')).streams.map(({ stream }) => stream)).toEqual(['pump']);
  expect(w.lines).toContain('stream mill: its recording was erased');
  expect(await erase('mill')).toEqual({ status: 404, error: "stream must be a recorded stream, got 'mill'" });

  // a viewer still gets the frames that the server keeps in memory, without a gap
  const viewer = await w.viewer();
  viewer.send({ type: 'subscribe', id: 1, stream: 'mill', what: ['raw'], recent: true });
  const data = [1, -1].map((sign) => Array.from({ length: 100 }, (_, i) => sign * (5000 + i)));
  sensor.send({ type: 'samples', start: 5000, time: start + 100 * 5000, data });
  await sensor.until((reply) => reply.type === 'ack' && reply.durable === 5100);
  const acks = sensor.messages.filter((reply): reply is Ack => reply.type === 'ack').map(({ durable }) => durable);
  expect(acks).toEqual([...acks].sort((a, b) => a - b));
  const { runs } = await ask<StreamHistory>('/history/mill');
  expect(runs).toHaveLength(1);
  expect(runs[0].frames.reduce((sum, count) => sum + count, 0)).toBe(100);
  expect([runs[0].start[0], runs[0].channels[0].min[0]]).toEqual([5000, 5000]);
  expect(await ask<object>('/history/pump')).toMatchObject({ status: 200 });
  await viewer.until((message) => message.type === 'block' && message.block.start + frameCount(message.block) === 5100);
  expect(viewer.messages.some(({ type }) => type === 'gap')).toBe(false);
});

test('a page of another site cannot erase a recording', async () => {
  await record(10);
  const others: Record<string, string>[] = [{ Origin: 'http://evil.example' }, { 'Sec-Fetch-Site': 'cross-site' }];
  for (const headers of others)
    expect((await fetch(`${w.server.url}/recordings/mill`, { method: 'DELETE', headers })).status).toBe(403);
  expect(await ask<object>('/history/mill')).toMatchObject({ status: 200 });
});

async function erase(stream: string): Promise<{ status: number; erased?: string; error?: string }> {
  const response = await fetch(`${w.server.url}/recordings/${stream}`, { method: 'DELETE' });
  return { ...((await response.json()) as { erased?: string; error?: string }), status: response.status };
}

test('a server that does not record says so', async () => {
  await w.stop();
  w = await world({ statePath, recording: false });
  expect(await ask<RecordingStatus>('/recordings')).toMatchObject({ on: false, streams: [], status: 200 });
  expect(await ask<object>('/healthz')).toMatchObject({ recording: { on: false } });
  expect(await ask<object>('/history/mill')).toMatchObject({ status: 404 });
});
