import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AlarmMember, AlarmRecord } from '../../src/core/alarms/alarm-lifecycle.ts';
import type { HealthMessage, RejectedMessages } from '../../src/protocol/index.ts';
import { launchBrowser } from '../browser.ts';
import { drawn } from '../drawn.ts';
import { buildDashboard } from './bundle.ts';
import { type FixtureServer, startFixture } from './fixture-server.ts';

let directory: string;
let browser: Browser;
let server: FixtureServer;
let context: BrowserContext;
let page: Page;
let consoleMessages: string[];

const heatmap = '[data-testid=heatmap]';
const picture = (): Promise<string> =>
  page.evaluate((selector) => document.querySelector<HTMLCanvasElement>(selector)?.toDataURL() ?? '', heatmap);
const item = (stream: string) => page.locator(`[data-testid=stream-item][data-stream=${stream}]`);
/** An alarm raised 2 s ago: out of range, with a score that occurs by chance once per 10,000 frames at 1 Hz. */
function alarmOf(id: number, stream: string, channels: AlarmMember['channels']): AlarmRecord {
  const time = Date.now() - 2000;
  const member = {
    stream,
    cause: 'range' as const,
    score: 4,
    rate: 1,
    channels,
    since: time,
    active: true,
    joined: time,
    last: time,
  };
  return {
    id,
    kind: 'unusual',
    state: 'raised',
    raised: time,
    entered: time,
    changed: time,
    falseAlarm: false,
    returns: 0,
    members: [{ ...member, window: { run: 0, from: 0, to: 0 } }],
  };
}
/** Publishes frames until `condition` is true. */
const until = (condition: () => Promise<boolean>): Promise<void> =>
  expect.poll(async () => (server.advance(25), condition()), { interval: 50, timeout: 20_000 }).toBe(true);

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-dashboard-'));
  await buildDashboard(directory);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await rm(directory, { recursive: true });
});
beforeEach(async () => {
  server = await startFixture(directory);
  context = await browser.newContext({ locale: 'en-US', viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  consoleMessages = [];
  page.on('console', (message) => consoleMessages.push(message.text()));
  page.on('pageerror', (error) => consoleMessages.push(error.message));
  await page.goto(server.url);
  await page.waitForSelector(heatmap);
  await until(async () => (await page.locator('[data-testid=kernel-peak]').first().textContent()) !== '');
});
afterEach(async () => {
  expect(consoleMessages).toEqual([]);
  await context.close();
  await server.close();
});

describe('the dashboard', () => {
  test('selects the headset first and previews the host, both with learners', async () => {
    expect(
      await page.locator('[data-testid=stream-item]').evaluateAll((all) => all.map((one) => one.dataset.stream)),
    ).toEqual(['eeg', 'host', 'alpha']);
    expect(await item('eeg').getAttribute('aria-pressed')).toBe('true');
    expect(await item('eeg').textContent()).toMatch(/250 Hz · lag 12 ms/);
    expect(await page.locator('[data-testid=preview][data-stream=host]').textContent()).toMatch(/channels, learning/);
    expect(await page.locator('[data-testid=learner]').count()).toBe(2);
  });

  test('shows other signals as measured, and says in the title that an EEG is high-passed', async () => {
    await page.getByText('Signal, high-passed at 0.16 Hz: eeg').waitFor();
    await page.selectOption('[data-testid=coupling]', 'dc');
    await page.getByText('Raw signal: eeg').waitFor();
    await item('alpha').click();
    await page.getByText('Raw signal: alpha').waitFor();
  });

  test('scrolls the heatmap with the stream and labels the events under it', async () => {
    const before = await picture();
    await until(async () => (await picture()) !== before);
    await until(
      async () => (await page.locator('[data-testid=feature-map]').textContent())?.includes('blink') ?? false,
    );
  });

  test('pauses on Space, shows how far it is behind, and goes live again', async () => {
    await page.keyboard.press('Space');
    await page.waitForSelector('[data-testid=pause][aria-pressed=true]');
    await drawn(page);
    const paused = await picture();
    await until(async () =>
      /^Paused, [1-9]\d* s behind$/.test((await page.textContent('[data-testid=live-state]')) ?? ''),
    );
    await drawn(page);
    expect((await picture()) === paused).toBe(true);
    await page.click('[data-testid=pause]');
    await until(async () => (await page.textContent('[data-testid=live-state]')) === 'Live');
    expect(await picture()).not.toBe(paused);
  });

  test('pauses on Space wherever the focus is outside text fields', async () => {
    const pressed = () => page.getAttribute('[data-testid=pause]', 'aria-pressed');
    let paused = false;
    for (const control of [
      '[data-testid=pause]',
      '[data-testid=window]',
      '[data-testid=channels]',
      '.card-open .hint',
    ]) {
      await page.focus(control);
      await page.keyboard.press('Space');
      paused = !paused;
      await expect.poll(pressed).toBe(String(paused));
    }
    await page.evaluate(() => document.body.append(document.createElement('textarea')));
    await page.focus('textarea');
    await page.keyboard.press('Space');
    await drawn(page);
    expect([await pressed(), await page.inputValue('textarea')]).toEqual([String(paused), ' ']);
  });

  test('changes a switch on Space only if it was reached with the keyboard', async () => {
    await page.focus('[data-testid=learning]');
    await page.keyboard.press('Space');
    await until(() => Promise.resolve(server.requests.some(({ type }) => type === 'learning')));
    expect(await page.getAttribute('[data-testid=pause]', 'aria-pressed')).toBe('false');
    await page.locator('[data-testid=db]').click();
    await page.keyboard.press('Space');
    await page.waitForSelector('[data-testid=pause][aria-pressed=true]');
    expect(await page.locator('[data-testid=db]').isChecked()).toBe(false);
  });

  test('announces changes of the state to screen readers, but no running numbers', async () => {
    await page.evaluate(() => {
      const seen = { announced: 0, muted: 0 };
      const observer = new MutationObserver((records) => {
        for (const { target } of records) {
          const element = target instanceof Element ? target : target.parentElement;
          const region = element?.closest('[aria-live], [role=status], [role=alert], output');
          if (region?.getAttribute('aria-live') === 'off') seen.muted++;
          else if (region) seen.announced++;
        }
      });
      observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      Object.assign(window, { seen });
    });
    const changes = () => page.evaluate(() => (window as never as { seen: Record<string, number> }).seen);
    await until(async () => (await changes()).muted >= 5);
    const { announced } = await changes();
    expect(announced).toBe(0);
  });

  test('changes the window and the palette without losing data', async () => {
    for (let i = 0; i < 60; i++) server.advance(25);
    const before = await picture();
    await page.selectOption('[data-testid=window]', '2');
    await until(async () => (await picture()) !== before);
    const narrow = await picture();
    await page.selectOption('[data-testid=palette]', 'magma');
    await until(async () => (await picture()) !== narrow);
    await page.selectOption('[data-testid=window]', '60');
    await drawn(page);
    expect(await picture()).not.toBe(narrow);
  });

  test('hides channels and switches dB off without mounting components again', async () => {
    const canvas = await page.$(heatmap);
    const names = () => page.locator('[data-testid=signal] .tapline-name').allTextContents();
    expect(await names()).toHaveLength(8);
    await page.click('[data-testid=channels]');
    await page.locator('.menu-body input').first().uncheck();
    await until(async () => (await names()).length === 7);
    await page.locator('[data-testid=db]').uncheck();
    await until(async () => (await page.textContent('[data-testid=feature-map] .tapline-unit')) === 'power');
    expect(await canvas?.evaluate((element) => element.isConnected)).toBe(true);
  });

  test('requests that a learner be frozen, and another learning rate', async () => {
    await page.locator('[data-testid=learning]').first().uncheck();
    await page.locator('[data-testid=learning-rate]').first().fill('-2');
    await until(() => Promise.resolve(server.requests.filter(({ type }) => type === 'learning').length === 2));
    const [freeze, step] = server.requests.filter(({ type }) => type === 'learning');
    expect(freeze).toEqual({ type: 'learning', stream: 'eeg', learner: 1, on: false });
    expect(step).toEqual({ type: 'learning', stream: 'eeg', learner: 1, learningRate: 0.01 });
    await page.getByText('Frozen').waitFor();
  });

  test('lists alarms with stream, channel, cause, and time, and requests the actions of the user', async () => {
    const alarms = page.locator('[data-testid=alarm]');
    expect(await page.locator('[data-testid=alarms]').textContent()).toContain('No open alarms.');
    const alarm = alarmOf(7, 'host', [
      { label: 'cpu 0', share: 0.75 },
      { label: 'load', share: 0.25 },
    ]);
    server.broadcast({ type: 'alarm', step: 'raised', time: alarm.raised, alarm });
    await until(async () => (await alarms.count()) === 1);
    const text = (await alarms.textContent())?.replace(/\s+/g, ' ') ?? '';
    for (const part of ['New', 'host: cpu 0 out of range', 'cpu 0 75%', 'load 25%', 'once in 2.8 h'])
      expect(text).toContain(part);
    expect(await item('host').getAttribute('class')).toContain('stream-alarmed');

    const before = Date.now();
    for (const action of ['acknowledge', 'shelve', 'clear', 'false-alarm']) await page.click(`[data-testid=${action}]`);
    await page.selectOption('[data-testid=maintenance]', '8 h');
    const requested = () => server.requests.filter(({ type }) => type === 'alarm' || type === 'maintenance');
    await until(() => Promise.resolve(requested().length === 5));
    expect(requested()).toMatchObject([
      { alarm: 7, do: 'acknowledge' },
      { alarm: 7, do: 'shelve' },
      { alarm: 7, do: 'clear' },
      { alarm: 7, do: 'falseAlarm' },
      { type: 'maintenance', streams: '*' },
    ]);
    for (const request of requested())
      if ('until' in request) expect(request.until).toBeGreaterThan(before + 3_599_000);

    await alarms.locator('.alarm-cause').click();
    await page.getByText('Raw signal: host').waitFor();
    server.broadcast({
      type: 'alarm',
      step: 'falseAlarm',
      time: alarm.raised,
      alarm: { ...alarm, state: 'cleared', falseAlarm: true },
    });
    await page.click('[data-testid=alarms-cleared]');
    expect(await page.locator('[data-testid=clear]').count()).toBe(0);
    await until(async () => (await alarms.textContent())?.includes('False alarm') ?? false);
    expect(await item('host').getAttribute('class')).not.toContain('stream-alarmed');
  });

  test('shows the speed of an accelerated stream, and the duration of its alarms in stream time', async () => {
    const alarm = alarmOf(11, 'eeg', [{ label: 'C3', share: 1 }]);
    server.broadcast({ type: 'alarms', alarms: [alarm], maintenance: [] });
    const counts = { lag: 12, received: 90_000, gaps: 0, invalid: 0, next: 90_000 };
    server.broadcast({ type: 'health', streams: [{ name: 'eeg', rate: 1003, ...counts }] });
    await page.getByText('250 Hz, 4× speed').waitFor();
    await page.getByText(/for 6 min \(stream time\)/).waitFor();
  });

  test('is live only while the newest frame is fresh, and otherwise shows why not', async () => {
    const state = () => page.textContent('[data-testid=live-state]');
    const report = async (part: object, expected: string): Promise<void> => {
      const base = { name: 'eeg', rate: 250, lag: 12, received: 900, gaps: 0, invalid: 0 };
      server.broadcast({ type: 'health', time: Date.now(), streams: [{ ...base, ...part }] });
      await expect.poll(state).toBe(expected);
    };
    await report({}, 'Live');
    await report({ lag: 1_560_000, idle: 1_560_000 }, 'Stale 26 min');
    const veils = page.locator('[data-testid=veil]:visible');
    await expect.poll(() => veils.first().textContent()).toMatch(/^No data since (.+ )?\d\d:\d\d:\d\d$/);
    expect(await item('eeg').textContent()).toContain('stale 26 min');
    expect(await item('eeg').getAttribute('class')).not.toContain('stream-live');
    await report({ lag: 0, ahead: 3_600_000, idle: 0 }, 'Clock 1 h ahead');
    await report({ lag: 3_600_000, idle: 0 }, 'Clock 1 h behind');
    await report({ lag: 7_200_000, offset: -7_200_000, idle: 0 }, 'Clock 2 h behind');
    await report({ lag: 7_800_000, offset: -7_200_000, idle: 600_000 }, 'Stale 10 min');
    await report({}, 'Live');
    await expect.poll(() => veils.count()).toBe(0);
    // The next report never comes.
    await expect.poll(state, { timeout: 15_000 }).toBe('Disconnected');
    expect(await page.textContent('[data-testid=alarms] [role=status]')).toContain('Not connected');
    server.endHost();
    await expect.poll(() => item('host').textContent()).toMatch(/ended|disconnected/);
  });

  test('shows whether the server records, and why not', async () => {
    const sign = page.locator('[data-testid=recording]');
    const report = (recording?: HealthMessage['recording']): void => {
      const counts = { name: 'eeg', rate: 250, lag: 12, received: 900, gaps: 0, invalid: 0 };
      server.broadcast({ type: 'health', time: Date.now(), streams: [counts], ...(recording && { recording }) });
    };
    const spoken = () => sign.locator('[role=status]').textContent();
    const shown = () => sign.locator('[aria-hidden]').textContent();
    report({ on: true, bytes: 3_400_000 });
    await expect.poll(shown).toBe('REC');
    expect(await spoken()).toBe('Recording');
    expect(await sign.getAttribute('title')).toBe('Recording all streams on the server (3.4 MB)');
    report({ on: true, bytes: 3_400_000, problem: 'the disk is full', since: Date.now() });
    await expect.poll(shown).toBe('Not recording: the disk is full');
    expect(await spoken()).toBe('Not recording: the disk is full');
    expect(await sign.getAttribute('class')).toContain('rec-problem');
    report({ on: false });
    await expect.poll(shown).toBe('Not recording');
    expect(await sign.getAttribute('title')).toContain('turned off');
    // a server of an earlier version does not report it
    report();
    await expect.poll(() => sign.count()).toBe(0);
  });

  test('shows a stream in red if its messages are rejected, with the last error message', async () => {
    const report = (rejected: RejectedMessages, unopened: HealthMessage['unopened'] = []): void => {
      const counts = { name: 'eeg', rate: 250, lag: 12, received: 900, gaps: 0, invalid: 0 };
      server.broadcast({ type: 'health', time: Date.now(), streams: [{ ...counts, rejected }], unopened });
    };
    const rejected = { count: 5, reasons: { 'wrong-channels': 5 }, last: 'channels must be 8, got 3', inARow: 5 };
    report(rejected, [{ name: 'boiler', rejected: { ...rejected, count: 1 } }]);
    await expect.poll(() => page.textContent('[data-testid=live-state]')).toBe('All messages rejected');
    expect(await page.textContent('[data-testid=rejected]')).toContain(
      '5 messages rejected. Last: channels must be 8, got 3',
    );
    expect(await item('eeg').getAttribute('class')).toContain('stream-rejected');
    expect(await item('eeg').getAttribute('title')).toContain('5 × wrong-channels');
    expect(await page.textContent('[data-testid=unopened]')).toMatch(/boiler\s+no valid message\s+1 message rejected/);
    report({ ...rejected, inARow: 0 });
    await expect.poll(() => page.textContent('[data-testid=live-state]')).toBe('Live');
    expect(await page.locator('[data-testid=rejected]').count()).toBe(0);
  });

  test('shows for which stream a learner waits, and how many late targets a learner has skipped', async () => {
    const learners = [
      { stream: 'eeg', learner: 'follow', waitsFor: 'label' },
      { stream: 'boiler', learner: 'load', waitsFor: 'boiler' },
      { stream: 'eeg', learner: 'alpha', late: { count: 583, delay: 599, maxDelay: 16 } },
    ];
    server.broadcast({ type: 'health', time: Date.now(), streams: [], learners });
    const waiting = page.locator('[data-testid=waiting-learner]');
    await expect
      .poll(async () => (await waiting.allTextContents()).map((text) => text.replace(/\s+/g, ' ').trim()))
      .toEqual([
        'Learner: follow Trains on stream eeg. Waiting for stream label, which is not connected.',
        'Learner: load Trains on stream boiler. Waiting for stream boiler, which is not connected.',
      ]);
    expect((await page.textContent('.card-open [data-testid=learner-health]'))?.trim()).toBe(
      'Skipped 583 targets of alpha, which arrived up to 599 frames late. The limit, maxDelay, is 16 frames; raise it.',
    );
    server.broadcast({ type: 'health', time: Date.now(), streams: [] });
    await expect.poll(() => waiting.count()).toBe(0);
  });

  test('shows the baselines beside the holdout score', async () => {
    const id = server.requests
      .flatMap((each) => (each.type === 'subscribe' && each.stream === 'eeg' ? [each.id] : []))
      .at(-1);
    const holdout = { nmse: 0.2, skill: 0.75, persistence: 0.8, movingAverage: 0.5, mains: 0.9, frames: 100 };
    const loss = { type: 'loss', id, at: 100, nmse: 0.2, skill: 0.7, persistence: 0.8, rms: 1, holdout } as const;
    const shown = async () => (await page.textContent('.card-open [data-testid=holdout]'))?.replace(/\s+/g, ' ') ?? '';
    server.broadcast({ ...loss, learner: 1 });
    await page.waitForSelector('.card-open [data-testid=holdout]');
    expect(await shown()).toContain('error 0.2, skill 0.75');
    expect(await shown()).toContain('Baselines: running mean 0.8, target mean 1');
    server.broadcast({ ...loss, learner: 0 });
    await page.locator('[data-testid=learner][data-learner="0"] .small-button').click();
    await expect.poll(shown).toContain('Baselines: persistence 0.8, moving average 0.5, power line 0.9, target mean 1');
  });

  test('shows help on keyboard focus, and how often a learner was rolled back', async () => {
    const learner = page.locator('.card-open');
    const help = learner.locator('.hint').first();
    await help.focus();
    const shown = await help.evaluate((element) => getComputedStyle(element, '::after').content);
    expect(shown).toContain('Skill: 1 is perfect, 0 is no better than the baseline');
    expect(await help.getAttribute('aria-label')).toContain('Skill: 1 is perfect');
    expect(await page.locator('[data-testid=rollbacks]').count()).toBe(0);
    for (let times = 0; times < 2; times++) server.rollback();
    await until(async () => (await learner.textContent())?.includes('Rolled back 2×') ?? false);
  });

  test('marks the end of the learning-rate slider', async () => {
    await page.locator('[data-testid=learning-rate]').first().fill('-4');
    await page.getByText('1.0e−4 (min)').waitFor();
  });

  test('lists five alarms and the number of others, and all alarms on request', async () => {
    const many = Array.from({ length: 8 }, (_, at) => alarmOf(20 + at, 'host', [{ label: `cpu ${at}`, share: 1 }]));
    server.broadcast({ type: 'alarms', alarms: many, maintenance: [] });
    const alarms = page.locator('.alarms-open [data-testid=alarm]');
    await until(async () => (await alarms.count()) === 5);
    await page.getByText('Show 3 more').click();
    await until(async () => (await alarms.count()) === 8);
    await page.getByText('Show fewer').click();
    await until(async () => (await alarms.count()) === 5);
  });

  test('offers to remove a stream only after it has ended', async () => {
    expect(await page.locator('[data-testid=remove]').count()).toBe(0);
    server.endHost();
    await page.getByRole('button', { name: 'Remove stream host' }).click();
    await until(() => Promise.resolve(server.requests.some(({ type }) => type === 'remove')));
    // acknowledgments can follow at any time
    expect(server.requests.filter(({ type }) => type !== 'ack').at(-1)).toEqual({ type: 'remove', stream: 'host' });
  });

  test('shows an outage of many streams as one alarm under their common prefix', async () => {
    const alarm = alarmOf(8, 'hall.1', []);
    const [first] = alarm.members;
    const members = ['hall.1', 'hall.2', 'hall.3'].map((stream) => ({
      ...first,
      stream,
      cause: 'silent' as const,
      score: 0,
    }));
    server.broadcast({ type: 'alarms', alarms: [{ ...alarm, kind: 'silent', members }], maintenance: [] });
    await page.getByText('hall.* (3 streams)').waitFor();
    expect(await page.locator('[data-testid=alarm]').count()).toBe(1);
  });

  test('shades an alarm in the lane of its channel', async () => {
    const shaded = () =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('[data-testid=signal] canvas');
        if (!canvas) return 0;
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
        copy?.drawImage(canvas, 0, 0);
        const pixels = copy?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
        let count = 0;
        // the warning color, #a8410a, as drawn at the edge of the span
        for (let i = 0; i < pixels.length; i += 4)
          if (pixels[i] === 0xa8 && pixels[i + 1] === 0x41 && pixels[i + 2] === 0x0a && pixels[i + 3] === 255) count++;
        return count;
      });
    expect(await shaded()).toBe(0);
    const { members, ...alarm } = alarmOf(9, 'eeg', [{ label: 'C3', share: 1 }]);
    const at = server.frames();
    const window = { run: 0, from: at - 50, to: at };
    server.broadcast({
      type: 'alarm',
      step: 'raised',
      time: alarm.raised,
      alarm: { ...alarm, members: [{ ...members[0], window }] },
    });
    await until(async () => (await shaded()) > 10);
  });

  test('shows another stream in full when it is selected, with its earlier data', async () => {
    await item('host').click();
    await page.getByText('Raw signal: host').waitFor();
    await page.locator('[data-testid=preview][data-stream=eeg]').waitFor();
    expect(await page.locator('[data-testid=signal] .tapline-name').allTextContents()).toContain('cpu 0');
  });

  test('follows streams that are removed and added again', async () => {
    await item('host').click();
    server.setHost(false);
    await item('host').waitFor({ state: 'detached' });
    expect(await item('eeg').getAttribute('aria-pressed')).toBe('true');
    server.setHost(true);
    await page.locator('[data-testid=preview][data-stream=eeg]').waitFor();
  });

  test('shows why it was disconnected, and reconnects by itself', async () => {
    server.drop(4008, 'this viewer was too slow');
    await page.getByText('Disconnected: this viewer was too slow').waitFor();
    await page.locator('[data-testid=connection]').waitFor({ state: 'hidden' });
    const before = await picture();
    await until(async () => (await picture()) !== before);
    await page.getByText('The plots are complete.').waitFor();
  });

  test('does not reassure while disconnected, and reports what was missed afterwards', async () => {
    server.broadcast({ type: 'alarms', alarms: [], maintenance: [] });
    server.drop(4008, 'this viewer was too slow');
    const seen = await page.waitForFunction(() => {
      const notice = document.querySelector('[data-testid=connection]')?.textContent ?? '';
      if (!notice.includes('Disconnected')) return null;
      return {
        veils: document.querySelectorAll('[data-testid=veil]:not([hidden])').length,
        alarms: document.querySelector('[data-testid=alarms] [role=status]')?.textContent ?? '',
        disabled: document.querySelector<HTMLInputElement>('[data-testid=learning]')?.disabled,
      };
    });
    const { veils, alarms, disabled } = (await seen.jsonValue()) ?? {};
    expect(veils).toBeGreaterThan(2);
    expect(alarms).toContain('Not connected');
    expect(alarms).not.toContain('No open alarms');
    expect(disabled).toBe(true);
    server.advance(500);
    await page.locator('[data-testid=connection]').waitFor({ state: 'hidden' });
    const alarm = alarmOf(7, 'host', [{ label: 'cpu 0', share: 1 }]);
    server.broadcast({ type: 'alarms', alarms: [alarm], maintenance: [] });
    const report = page.locator('[data-testid=missed]');
    await until(async () => (await report.textContent())?.includes('eeg') ?? false);
    const text = (await report.textContent())?.replace(/\s+/g, ' ') ?? '';
    expect(text).toMatch(/Disconnected from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d \(\d+ m?s\)/);
    expect(text).toMatch(/Missed: .*500 frames of eeg.*1 new alarm\./);
    await page.click('[data-testid=dismiss]');
    await report.waitFor({ state: 'detached' });
  });

  test('shows why the server rejected it, and does not reconnect', async () => {
    server.drop(4503, 'origin refused: start the server with --origin');
    await page.getByText('start the server with --origin').waitFor();
    expect(server.requests.filter(({ type }) => type === 'subscribe')).toHaveLength(2);
  });

  test('fits a narrow screen, and every control has an accessible name', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await drawn(page);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    const scrolled = await page
      .locator('.streams, .alarms-open')
      .evaluateAll((all) => all.filter((list) => list.scrollHeight > list.clientHeight + 1).length);
    expect(scrolled).toBe(0);
    const truncated = await page
      .locator('.stream-name')
      .evaluateAll((all) => all.filter((name) => name.scrollWidth > name.clientWidth).length);
    expect(truncated).toBe(0);
    const nameless = await page.locator('button, select, input').evaluateAll(
      (all) =>
        all.filter((control) => {
          const labels = (control as HTMLInputElement).labels?.[0]?.textContent ?? '';
          return `${control.textContent}${labels}${control.getAttribute('aria-label') ?? ''}`.trim() === '';
        }).length,
    );
    expect(nameless).toBe(0);
  });
});
