import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { demo } from '../../src/cli/serve.ts';
import type { LearnerInfo } from '../../src/protocol/index.ts';
import { createServer, type TaplineServer } from '../../src/server/index.ts';
import { type DashboardBrowser, openDashboardBrowser } from './dashboard-browser.ts';
import { drawn } from '../drawn.ts';

let browser: DashboardBrowser;
let server: TaplineServer;
let sensors: Promise<void>;
const stop = new AbortController();
let page: Page;

const part = (testid: string): string => `[data-testid=${testid}]`;
const stream = (testid: string, name: string): string => `${part(testid)}[data-stream="${name}"]`;
/** Stores the current picture. */
const remember = (): Promise<void> =>
  page.evaluate(() => {
    window.remembered = window.picture();
  });
/** Resolves when the heatmap's pixels differ from the stored ones. */
const moved = (): Promise<unknown> => page.waitForFunction(() => window.picture() !== window.remembered);
const received = (name: string): number => server.streams().find((info) => info.name === name)?.next ?? 0;
const follower = (): LearnerInfo | undefined =>
  server
    .streams()
    .find(({ name }) => name === 'headset')
    ?.learners.find(({ task }) => task === 'target');

beforeAll(async () => {
  browser = await openDashboardBrowser();
  server = await createServer({ port: 0, pageDirectory: browser.directory });
  sensors = demo(`ws://127.0.0.1:${server.port}`, { powerLine: 50, signal: stop.signal });
  await vi.waitUntil(() => received('headset.alpha') > 0 && received('host') > 0, { timeout: 10_000 });
});
afterAll(async () => {
  stop.abort();
  await sensors;
  await browser.close();
  await server.close();
});
afterEach(() => browser.expectNoErrors(page));

describe('the dashboard of a server with the two sensors of the demo', () => {
  test('shows moving data within two seconds', async () => {
    // the best of three, because other tests may use the CPU
    let seconds = Infinity;
    for (let opening = 0; opening < 3 && seconds >= 2; opening++) {
      if (opening > 0) await page.close();
      page = await browser.open(server.url);
      await page.waitForFunction(() => {
        const now = window.picture();
        const changed = window.remembered !== undefined && now !== window.remembered;
        if (now !== '') window.remembered = now;
        return changed;
      });
      seconds = (await page.evaluate(() => performance.now())) / 1000;
    }
    expect(seconds).toBeLessThan(2);
  });

  test('selects the simulated EEG headset first and previews the host, both with learners', async () => {
    await page.waitForSelector(stream('preview', 'host'));
    const names = await page.locator(part('stream-item')).evaluateAll((all) => all.map((one) => one.dataset.stream));
    expect(names).toEqual(['headset', 'host', 'headset.alpha']);
    expect(await page.getAttribute(stream('stream-item', 'headset'), 'aria-pressed')).toBe('true');
    await page.getByText(/simulated EEG, 8 channels\s+250 Hz · lag \d+ ms/).waitFor();
    expect(await page.textContent(stream('preview', 'host'))).toMatch(/channels, learning/);
    expect(await page.locator(part('learning')).isChecked()).toBe(true);
    expect(await page.textContent('.card-open')).toMatch(/Learning rate.*0\.05/s);
    await page.waitForFunction(() =>
      [...document.querySelectorAll('[data-testid=skill]')].every(({ textContent }) => /\d/.test(textContent)),
    );
    expect(await page.locator(part('skill')).count()).toBe(2);
  });

  test('draws eight raw channels in µV', async () => {
    const names = () => page.locator(`${part('signal')} .tapline-name`).allTextContents();
    await expect.poll(names, { timeout: 20_000 }).toEqual(['Fp1', 'Fp2', 'C3', 'C4', 'P7', 'P8', 'O1', 'O2']);
    await page.waitForFunction(() =>
      [...document.querySelectorAll('[data-testid=signal] .tapline-bar')].some(({ textContent }) =>
        /^\d+ µV$/.test(textContent),
      ),
    );
    const pixelsOfTraces = () =>
      page.evaluate(() => {
        const root = document.querySelector('[data-testid=signal] .tapline');
        const canvas = root?.querySelector('canvas');
        // a canvas that is read twice is moved to the memory of the processor, with a warning: read a copy
        const { width, height } = canvas ?? { width: 1, height: 1 };
        const copy = new OffscreenCanvas(width, height).getContext('2d');
        if (canvas) copy?.drawImage(canvas, 0, 0);
        const pixels = copy?.getImageData(0, 0, width, height).data ?? [];
        const traces = Array.from({ length: 8 }, (_, at) =>
          root
            ? getComputedStyle(root)
                .getPropertyValue(`--_trace-${at + 1}`)
                .trim()
                .slice(1)
            : '',
        );
        return traces.map((trace) => {
          const [red, green, blue] = (trace.match(/../g) ?? []).map((hex) => Number.parseInt(hex, 16));
          let count = 0;
          for (let i = 0; i < pixels.length; i += 4) {
            const off = Math.abs(pixels[i] - red) + Math.abs(pixels[i + 1] - green) + Math.abs(pixels[i + 2] - blue);
            if (pixels[i + 3] > 64 && off < 12) count++;
          }
          return count;
        });
      });
    // the first traces are short
    await expect.poll(async () => Math.min(...(await pixelsOfTraces())), { timeout: 20_000 }).toBeGreaterThan(50);
  });

  test('labels events under the feature map', async () => {
    await page.waitForFunction(() =>
      document.querySelector('[data-testid=feature-map] .tapline-events')?.textContent?.includes('eyes closed'),
    );
    await page.getByText('Bars: labeled events').waitFor();
  });

  test('shows a learner whose kernel becomes a band-pass filter with a peak of about 10 Hz', async () => {
    await page.waitForFunction(() => {
      const label = document.querySelector('[data-testid=kernel-peak]')?.textContent ?? '';
      const [, hz] = /^peak ([\d.]+) Hz$/.exec(label) ?? [];
      return Math.abs(Number(hz) - 10) <= 1;
    });
    await page.getByText('running mean', { exact: true }).waitFor();
  });

  test('pauses while data is still received, shows how far it is behind, and goes live again', async () => {
    await page.click(part('pause'));
    await page.waitForSelector(`${part('pause')}[aria-pressed=true]`);
    await drawn(page);
    await remember();
    const before = received('headset');
    await expect.poll(() => received('headset') - before, { timeout: 10_000 }).toBeGreaterThan(300);
    await page.getByText(/^Paused, [1-9]\d* s behind$/).waitFor();
    await drawn(page);
    expect(await page.evaluate(() => window.picture() === window.remembered)).toBe(true);
    await page.click(part('pause'));
    await page.waitForFunction(() => document.querySelector('[data-testid=live-state]')?.textContent === 'Live');
    await moved();
  });

  test('changes the window, dB, palette, and channels while paused', async () => {
    await page.click(part('pause'));
    await drawn(page);
    const settings: [action: () => Promise<unknown>, back: () => Promise<unknown>][] = [
      [() => page.selectOption(part('window'), '2'), () => page.selectOption(part('window'), '10')],
      [() => page.locator(part('db')).uncheck(), () => page.locator(part('db')).check()],
      [() => page.selectOption(part('palette'), 'magma'), () => page.selectOption(part('palette'), 'viridis')],
    ];
    for (const [change, back] of settings) {
      await remember();
      await change();
      await moved();
      await drawn(page);
      await remember();
      await back();
      await moved();
      await drawn(page);
    }
    await page.click(part('channels'));
    await page.locator('.menu-body input').first().uncheck();
    await page.waitForFunction(() => document.querySelectorAll('[data-testid=signal] .tapline-name').length === 7);
    await page.locator('.menu-body input').first().check();
    await page.keyboard.press('Escape');
    await page.click(part('pause'));
  });

  test('shows a stream that is selected during a pause as of the pause, or live if it had no data then', async () => {
    await page.click(part('pause'));
    await page.click(stream('stream-item', 'host'));
    await page.waitForSelector(stream('preview', 'headset'));
    await page.click(stream('stream-item', 'headset'));
    await page.waitForFunction(() => window.picture().length > 10_000);
    await drawn(page);
    await remember();
    const before = received('headset');
    await expect.poll(() => received('headset') - before).toBeGreaterThan(100);
    await drawn(page);
    expect(await page.evaluate(() => window.picture() === window.remembered)).toBe(true);
    await page.click(stream('stream-item', 'headset.alpha'));
    await page.getByText('Shown live').waitFor();
    await page.click(stream('stream-item', 'headset'));
    await page.click(part('pause'));
    await page.waitForFunction(() => document.querySelector('[data-testid=live-state]')?.textContent === 'Live');
  });

  test('freezes and unfreezes a learner, and sets its learning rate', async () => {
    await page.locator(part('learning')).uncheck();
    await expect.poll(() => follower()?.learning).toBe(false);
    await page.getByText('Frozen').waitFor();
    await page.locator(part('learning-rate')).fill('-2');
    await expect.poll(() => follower()?.learningRate).toBe(0.01);
    await page.locator(part('learning')).check();
    await expect.poll(() => follower()?.learning).toBe(true);
  });

  test('adds a learner with a form, shows the error of the server there, and removes the learner', async () => {
    const added = () =>
      server
        .streams()
        .find(({ name }) => name === 'headset')
        ?.learners.find(({ name }) => name === 'load');
    await page.click(part('add-learner'));
    await page.fill('[name=name]', 'load');
    await page.fill('[name=channels]', 'O1, Oz');
    await page.fill('[name=horizon]', '5');
    await page.fill('[name=taps]', '8');
    await page.click(part('learner-submit'));
    await page.getByText("channel must be one of Fp1, Fp2, C3, C4, P7, P8, O1, O2, got 'Oz'").waitFor();
    await page.fill('[name=channels]', 'O1, O2');
    await page.fill('[name=network]', '{');
    await page.click(part('learner-submit'));
    await page.getByText('Network must be JSON: ').waitFor();
    await page.fill('[name=network]', '');
    await page.selectOption('[name=optimizer]', 'adam');
    await page.fill('[name=learningRate]', '0.01');
    await page.click(part('learner-submit'));
    await page.waitForSelector(part('learner-form'), { state: 'detached' });
    expect(added()).toMatchObject({ task: 'forecast', horizon: 5, taps: 8, channels: ['O1', 'O2'], added: true });
    expect(added()?.learningRate).toBeCloseTo(0.01, 9);
    await page
      .getByText('Forecasts the frame 5 frames ahead from O1 and O2 (8 taps). Dashed: initial weights.')
      .waitFor();
    await page.click(part('remove-learner'));
    await expect.poll(added).toBeUndefined();
    await page.waitForSelector('[aria-label="Learner load"]', { state: 'detached' });
  });

  test('adds a learner with a pasted network that predicts another stream', async () => {
    await page.click(part('add-learner'));
    await page.fill('[name=name]', 'deep');
    await page.selectOption(part('learner-task'), 'target');
    await page.selectOption('[name=target]', 'headset.alpha');
    const network = {
      inChannels: 8,
      layers: [{ type: 'conv1d', outChannels: 4, kernelSize: 9 }, { type: 'tanh' }, { type: 'linear', outChannels: 1 }],
    };
    await page.fill('[name=network]', JSON.stringify(network));
    await page.click(part('learner-submit'));
    await page.waitForSelector('.card-open[aria-label="Learner deep"]');
    await page.getByText('Learns headset.alpha from all channels (9 taps).').waitFor();
    await page.waitForFunction(() =>
      /\d/.test(document.querySelector('[aria-label="Learner deep"] [data-testid=skill]')?.textContent ?? ''),
    );
    await page.click(part('remove-learner'));
    await page.waitForSelector('[aria-label="Learner deep"]', { state: 'detached' });
  });

  test('reconnects when the server is restarted', async () => {
    const { port } = server;
    browser.serverDown = true;
    // the next attempt replaces the reason
    const reason = page.getByText('Disconnected: The server is shutting down.').waitFor();
    await server.close();
    await reason;
    await expect.poll(() => page.textContent(part('live-state'))).toBe('Disconnected');
    server = await createServer({ port, pageDirectory: browser.directory });
    await page.waitForSelector(part('connection'), { state: 'hidden' });
    browser.serverDown = false;
    await expect.poll(() => received('headset'), { timeout: 20_000 }).toBeGreaterThan(250);
    await remember();
    await moved();
    await expect.poll(() => page.textContent(part('live-state'))).toBe('Live');
    await page.waitForSelector(stream('preview', 'host'));
  });
});
