import { WebSocket } from 'ws';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Page } from 'playwright-core';
import { createServer, type TaplineServer } from '../../src/server/index.ts';
import { drawn } from '../drawn.ts';
import { type DashboardBrowser, openDashboardBrowser } from './dashboard-browser.ts';

let visitor: DashboardBrowser;
let server: TaplineServer;
let page: Page;
const sensors: WebSocket[] = [];

/** A sensor that has sent these frames of one channel, `seconds` apart. */
async function sensor(query: string, frames: number, seconds: number): Promise<void> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/ingest/${query}`);
  sensors.push(socket);
  await new Promise((resolve) => socket.once('open', resolve));
  const begin = Date.now() - frames * seconds * 1000;
  for (let start = 0; start < frames; start++) {
    const time = begin + start * seconds * 1000;
    socket.send(JSON.stringify({ type: 'samples', start, time, data: [[20 + Math.sin(start / 3)]] }));
  }
  const [name] = query.split('?');
  await vi.waitUntil(() => server.streams().find((info) => info.name === name)?.next === frames);
}

/** Number of pixel columns of the signal's lane that contain a trace. */
const traced = (): Promise<number> =>
  page.evaluate(() => {
    const canvas = document.querySelector<HTMLCanvasElement>('[data-testid=signal] canvas');
    if (!canvas) return 0;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
    copy?.drawImage(canvas, 0, 0);
    const { data } = copy?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    const columns = new Set<number>();
    // the color of the first trace, #3454d1
    for (let i = 0; i < data.length; i += 4)
      if (data[i] === 0x34 && data[i + 1] === 0x54 && data[i + 2] === 0xd1) columns.add((i / 4) % canvas.width);
    return columns.size;
  });

beforeAll(async () => {
  visitor = await openDashboardBrowser();
  server = await createServer({ port: 0, pageDirectory: visitor.directory });
  await sensor(`boiler?rate=${1 / 1800}&channels=flow&unit=C`, 200, 1800);
  await sensor('door?channels=gap', 60, 10);
  await sensor(`new?rate=${1 / 60}&channels=flow`, 3, 60);
  page = await visitor.open(server.url);
});
afterAll(async () => {
  for (const socket of sensors) socket.terminate();
  await visitor.close();
  await server.close();
});
afterEach(() => visitor.expectNoErrors(page));

const choose = (name: string) => page.click(`[data-testid=stream-item][data-stream=${name}]`);
const shownWindow = () => page.locator('[data-testid=window] option:checked').textContent();

test('a stream of one frame per half hour is shown at once, with a time axis in days', async () => {
  await choose('boiler');
  await page.getByText('Raw signal: boiler').waitFor();
  expect(await shownWindow()).toBe('7 days');
  await page.waitForFunction(() => /every 30 min · last frame \d+ min ago/.test(document.body.textContent));
  await expect.poll(traced).toBeGreaterThan(150);
  const words = await page.textContent('body');
  expect(words).not.toMatch(/\de[−-]?\d/);
  await page.selectOption('[data-testid=window]', { label: '12 h' });
  await drawn(page);
  expect(await shownWindow()).toBe('12 h');
});

test('the windows of an irregular stream follow its frame interval', async () => {
  await choose('door');
  await page.getByText('Raw signal: door').waitFor();
  await expect.poll(shownWindow).toBe('30 min');
  await page.getByText(/≈ every 10 s/).waitFor();
  await expect.poll(traced).toBeGreaterThan(60);
});

test('a plot that needs more frames shows how many are needed and how many arrived', async () => {
  await choose('new');
  await page.getByText('Raw signal: new').waitFor();
  await page.getByText('Waiting for data: 3 of 17 frames').waitFor();
  await expect.poll(traced).toBeGreaterThan(5);
});
