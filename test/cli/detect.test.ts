import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { random } from '../../src/core/random.ts';
import { readCsv } from '../../src/formats/index.ts';
import { launchBrowser } from '../browser.ts';
import { run } from './run-tapline.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  const chance = random(1);
  const rows = Array.from({ length: 3000 }, (_, t) => {
    const time = new Date(Date.UTC(2026, 0, 1) + t * 300_000).toISOString();
    const [a, b] = [chance.normal(), Math.sin(t / 46) + 0.1 * chance.normal()];
    return `${time},${a.toFixed(3)},${(t === 2500 ? 25 : b).toFixed(3)}`;
  });
  await writeFile(join(directory, 'pump.csv'), `time (s),flow,"<pressure>"\n${rows.join('\n')}\n`);
});
afterAll(() => rm(directory, { recursive: true }));

describe('tapline detect', () => {
  test('prints the time, channel, and rarity of each anomaly and writes one score per frame', async () => {
    const { code, stdout, stderr } = await run(['detect', 'pump.csv', '-o', 'scores.csv'], directory);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^2026-01-09T16:20:00\.000Z {2}out of range {2}<pressure> 100% {2}once in [\d.]+ \w+$/m);
    expect(stderr).toMatch(/^\d+ alarms? in 3000 frames \(false-alarm rate: 1\/month\)\n$/);
    const scores = readCsv(await readFile(join(directory, 'scores.csv'), 'utf8'));
    expect(scores.channels.map(({ label }) => label)).toEqual([
      'score',
      'alarm',
      'share of flow',
      'share of <pressure>',
    ]);
    expect(scores.frames).toBe(3000);
    const row = scores.blocks.flatMap(({ data }) => [...data]).slice(4 * 2500, 4 * 2501);
    expect(row[0]).toBeGreaterThan(4);
    expect(row[1]).toBe(1);
    expect(row[2] + row[3]).toBeCloseTo(1, 5);
  });

  test('a higher false-alarm rate raises more alarms and does not change the scores', async () => {
    const alarms = async (rate: string) => {
      const { stdout } = await run(['detect', 'pump.csv', '--false-alarms', rate, '-o', `${rate[2]}.csv`], directory);
      const text = await readFile(join(directory, `${rate[2]}.csv`), 'utf8');
      return { count: stdout.split('\n').length - 1, scores: text.split('\n').map((line) => line.split(',')[1]) };
    };
    const [day, week] = [await alarms('1/day'), await alarms('1/week')];
    expect(day.count).toBeGreaterThan(2 * week.count);
    expect(day.scores).toEqual(week.scores);
  });

  test('the report is one self-contained page with every channel, the score, and the alarms', async () => {
    const { code } = await run(['detect', 'pump.csv', '--report', 'report.html'], directory);
    expect(code).toBe(0);
    const html = await readFile(join(directory, 'report.html'), 'utf8');
    expect(html).not.toMatch(/https?:|src=|@import|<pressure>/);
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      await page.setContent(html);
      const rows = await page.locator('tbody tr').count();
      expect(rows).toBeGreaterThan(0);
      const whole = page.locator('.card', { has: page.locator('.marks') });
      expect(await whole.locator('.name').allTextContents()).toEqual([
        expect.stringMatching(/^<pressure> /),
        expect.stringMatching(/^flow /),
        expect.stringMatching(/^Rarity /),
      ]);
      expect(await whole.locator('.marks a').count()).toBe(rows);
      expect((await whole.locator('.band').last().getAttribute('d'))?.match(/M/g)).toHaveLength(rows);
      expect((await whole.locator('.signal').first().boundingBox())?.width).toBeGreaterThan(500);
      for (const link of await page.locator('tbody a').all()) {
        const near = page.locator((await link.getAttribute('href'))!);
        expect(await near.locator('.signal, .score, .threshold').count()).toBeGreaterThanOrEqual(3);
      }
      await page.setViewportSize({ width: 390, height: 800 });
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    } finally {
      await browser.close();
    }
  });

  test('rejects wrong arguments with one sentence and exit code 2', async () => {
    const wrong = async (...args: string[]) => {
      const { code, stderr } = await run(['detect', ...args], directory);
      expect(code).toBe(2);
      return stderr;
    };
    expect(await wrong('pump.csv', '--false-alarms', 'none')).toContain('--false-alarms must be a count per second');
    expect(await wrong('nowhere.csv')).toContain('nowhere.csv: ');
    expect(await wrong('pump.csv', '-o', 'pump.csv')).toContain('pump.csv: this file is the input');
    expect(await wrong('pump.csv', '--reference', '5')).toMatch(/reference must be an integer >= \d+, got 5/);
  });
});
