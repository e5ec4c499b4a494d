import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import type { Subscription } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { watch } from '../../client/watch.ts';
import { frameCount } from '../../src/core/blocks/block.ts';
import { random } from '../../src/core/random.ts';
import { createServer, type TaplineServer } from '../../src/server/index.ts';
import { start } from '../cli/run-tapline.ts';
import { sharedData } from '../shared-data.ts';
import { type DashboardBrowser, openDashboardBrowser } from './dashboard-browser.ts';

const real = sharedData('openbci/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt');
const rate = 250;

let visitor: DashboardBrowser;
let server: TaplineServer;
let directory: string;
let page: Page;
let watching: Subscription | undefined;

beforeAll(async () => {
  visitor = await openDashboardBrowser();
  directory = await mkdtemp(join(tmpdir(), 'tapline-replay-'));
  server = await createServer({ port: 0, pageDirectory: visitor.directory });
});
afterEach(async () => {
  watching?.unsubscribe();
  await visitor.expectNoErrors(page);
  await page.close();
});
afterAll(async () => {
  await visitor.close();
  await server.close();
  await rm(directory, { recursive: true });
});

/** An OpenBCI file with noise, hum, and drift, and alpha of 15 µV in channels 7 and 8 between these times in seconds. */
function synthetic(seconds: number, from: number, to: number): string {
  const noise = random(5);
  const names = Array.from({ length: 8 }, (_, channel) => `EXG Channel ${channel}`);
  const rows = Array.from({ length: seconds * rate }, (_, frame) => {
    const time = frame / rate;
    const alpha = time >= from && time < to ? 15 * Math.sin(2 * Math.PI * 10 * time) : 0;
    const hum = 50 * Math.sin(2 * Math.PI * 60 * time);
    const samples = names.map(
      (_, channel) => 3000 * channel + 20 * time + hum + 5 * noise.normal() + (channel > 5 ? alpha : 0),
    );
    const stamp = 1_700_000_000_000 + Math.floor(time * 1000);
    return [frame % 256, ...samples.map((sample) => sample.toFixed(2)), stamp, '12:00:00.000'].join(', ');
  });
  const head = ['%OpenBCI Raw EXG Data', '%Number of channels = 8', `%Sample Rate = ${rate} Hz`, '%Board = Cyton'];
  return [...head, ['Sample Index', ...names, 'Timestamp', 'Timestamp (Formatted)'].join(', '), ...rows, ''].join('\n');
}

interface Alpha {
  /** Seconds since the start of the recording. */
  readonly time: number;
  /** Power of each channel in dB. */
  readonly power: readonly number[];
}

/** Replays a file as the stream `name` at 16 times the speed; returns the alpha rows that a viewer receives and what the dashboard shows. */
async function replay(file: string, name: string): Promise<Alpha[]> {
  const alpha: Alpha[] = [];
  let labels: readonly string[] = [];
  watching = watch(`${server.url}/watch`, { stream: name, what: ['features'] }).subscribe((message) => {
    if (message.type === 'streams')
      labels = message.streams.find((info) => info.name === name)?.maps[0]?.labels ?? labels;
    if (message.type !== 'block') return;
    const { data, channels, start: first, rate: hertz, valid } = message.block;
    for (let frame = 0; frame < frameCount(message.block); frame++) {
      const row = Array.from(data.subarray(frame * channels, (frame + 1) * channels));
      const power = row.filter((_, at) => labels[at].startsWith('alpha '));
      if (valid?.[frame] !== 0) alpha.push({ time: (first + frame) / hertz, power });
    }
  });
  page = await visitor.open(server.url);
  const command = ['replay', file, '--to', `ws://127.0.0.1:${server.port}`, '--stream', name, '--speed', '16'];
  const running = start(command, directory);
  const failed = running.ended.then((code) => code !== 0 && Promise.reject(new Error(running.stderr())));
  await Promise.all([failed, follow(name)]);
  await page.waitForFunction(() =>
    document.querySelector('[data-testid=live-state]')?.textContent?.startsWith('Ended'),
  );
  return alpha;
}

/** Selects a stream as soon as it is listed and waits until its plot moves. */
async function follow(name: string): Promise<void> {
  await page.click(`[data-testid=stream-item][data-stream=${name}]`);
  await page.waitForFunction(() => {
    const now = window.picture();
    const changed = window.remembered !== undefined && now !== window.remembered;
    if (now !== '') window.remembered = now;
    return changed;
  });
}

/** Median of a channel's alpha in dB over a time range. */
function level(alpha: readonly Alpha[], channel: number, ...spans: readonly [from: number, to: number][]): number {
  const inside = alpha.filter(({ time }) => spans.some(([from, to]) => time >= from && time < to));
  const sorted = inside.map(({ power }) => power[channel]).sort((a, b) => a - b);
  expect(sorted.length).toBeGreaterThan(20);
  return sorted[sorted.length >> 1];
}

async function expectEightChannels(): Promise<void> {
  const names = await page.locator('[data-testid=signal] .tapline-name').allTextContents();
  expect(names).toEqual(Array.from({ length: 8 }, (_, channel) => `EXG Channel ${channel}`));
  const scale = await page.textContent('[data-testid=signal] .tapline-bar');
  expect(scale).toMatch(/^\d+ (µ|m)V$/);
  const groups = await page.locator('[data-testid=feature-map] .tapline-group-name').allTextContents();
  expect(groups).toEqual(['delta', 'theta', 'alpha', 'beta', 'gamma']);
}

describe('tapline replay of an OpenBCI recording into a server', () => {
  test('shows eight channels in µV, with alpha in channels 7 and 8 only', async () => {
    const file = join(directory, 'synthetic.txt');
    await writeFile(file, synthetic(32, 12, 22));
    const alpha = await replay(file, 'synthetic');
    await expectEightChannels();
    const rise = (channel: number) => level(alpha, channel, [13, 22]) - level(alpha, channel, [4, 11], [24, 32]);
    for (const channel of [6, 7]) expect(rise(channel)).toBeGreaterThan(10);
    for (const channel of [0, 1, 2, 3, 4, 5]) expect(Math.abs(rise(channel))).toBeLessThan(3);
  });

  test.skipIf(!real)('shows a real recording with its alpha in channels 7 and 8', async () => {
    const alpha = await replay(real ?? '', 'real');
    await expectEightChannels();
    const rises = Array.from({ length: 8 }, (_, channel) => {
      const outside = level(alpha, channel, [4, 27], [52, 62], [76, 90]);
      return [level(alpha, channel, [29, 50]) - outside, level(alpha, channel, [65, 74]) - outside];
    });
    console.info(
      `alpha inside against outside, dB: ${rises.map((rise) => rise.map((dB) => dB.toFixed(1)).join('/')).join(' ')}`,
    );
    for (const rise of rises.slice(6)) expect(Math.min(...rise)).toBeGreaterThan(3);
    for (const [first] of rises.slice(0, 6)) expect(first).toBeLessThan(3);
  });
});
