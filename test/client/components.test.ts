import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type * as client from '../../client/index.ts';
import { launchBrowser } from '../browser.ts';
import { bundleClient } from './bundle.ts';
import { serveStatic } from './static-server.ts';

declare global {
  interface Window {
    tapline: typeof client;
    mount: (id: string) => HTMLElement;
    block: (
      start: number,
      rows: number[][],
      rate?: number,
      valid?: number[],
    ) => Parameters<client.SignalPlot['push']>[0];
    /** Resolves when all requested draws are done. */
    drawn: () => Promise<void>;
    /** Counts the pixels of a canvas with about this color, between two fractions of its width. */
    count: (canvas: HTMLCanvasElement, color: string, from?: number, to?: number) => number;
    live: { observers: number; frames: number; listeners: number };
    /** Pushes this many seconds of data to all components. */
    run: (seconds: number) => Promise<void>;
  }
}

const index = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>components</title>
<link rel="stylesheet" href="/page.css"><script type="module" src="/page.js"></script></head>
<body><div id="a" class="box"></div><div id="b" class="box"></div></body></html>`;

const script = `
import * as tapline from '/client.js';
window.tapline = tapline;
window.mount = (id) => document.getElementById(id);
window.block = (start, rows, rate = 100, valid) => ({
  data: Float32Array.from(rows.flat()), channels: rows[0].length, start, rate, time: 1e12 + (start * 1000) / rate,
  ...(valid && { valid: Uint8Array.from(valid) }),
});
window.drawn = async () => {
  for (let frame = 0; frame < 5; frame++) await new Promise((done) => requestAnimationFrame(done));
};
const copyOf = (canvas) => {
  const copy = document.createElement('canvas');
  copy.width = canvas.width;
  copy.height = canvas.height;
  const context = copy.getContext('2d', { willReadFrequently: true });
  context.drawImage(canvas, 0, 0);
  return context;
};
window.count = (canvas, color, from = 0, to = 1) => {
  const [red, green, blue] = color.match(/\\w\\w/g).map((pair) => parseInt(pair, 16));
  const left = Math.floor(from * canvas.width);
  const width = Math.floor(to * canvas.width) - left;
  const { data } = copyOf(canvas).getImageData(left, 0, width, canvas.height);
  let count = 0;
  for (let i = 0; i < data.length; i += 4)
    if (Math.abs(data[i] - red) + Math.abs(data[i + 1] - green) + Math.abs(data[i + 2] - blue) < 60 && data[i + 3] > 128) count++;
  return count;
};`;

const css = '.box { width: 800px; height: 200px; --tapline-gutter: 100px; --tapline-margin: 100px; }';

/** Counts what a component could leave behind: observers, requested animation frames, and listeners. */
function countLeftovers(): void {
  const live = { observers: 0, frames: 0, listeners: 0 };
  window.live = live;
  const Observer = window.ResizeObserver;
  window.ResizeObserver = class extends Observer {
    override observe(target: Element): void {
      live.observers++;
      super.observe(target);
    }
    override disconnect(): void {
      live.observers--;
      super.disconnect();
    }
  };
  const pending = new Set<number>();
  const request = window.requestAnimationFrame.bind(window);
  const cancel = window.cancelAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) => {
    const id = request((time) => {
      pending.delete(id);
      live.frames = pending.size;
      callback(time);
    });
    pending.add(id);
    live.frames = pending.size;
    return id;
  };
  window.cancelAnimationFrame = (id) => {
    pending.delete(id);
    live.frames = pending.size;
    cancel(id);
  };
  for (const target of [window, document, MediaQueryList.prototype] as EventTarget[]) {
    target.addEventListener = function (...args) {
      live.listeners++;
      EventTarget.prototype.addEventListener.apply(this, args);
    };
    target.removeEventListener = function (...args) {
      live.listeners--;
      EventTarget.prototype.removeEventListener.apply(this, args);
    };
  }
}

let browser: Browser;
let served: Awaited<ReturnType<typeof serveStatic>>;
let context: BrowserContext;
let page: Page;
let consoleMessages: string[];

async function open(prepare?: (page: Page) => Promise<unknown>): Promise<void> {
  context = await browser.newContext({ locale: 'en-US', colorScheme: 'light', viewport: { width: 900, height: 600 } });
  page = await context.newPage();
  consoleMessages = [];
  page.on('console', (message) => consoleMessages.push(message.text()));
  page.on('pageerror', (error) => consoleMessages.push(error.message));
  await page.addInitScript(countLeftovers);
  await prepare?.(page);
  await page.goto(served.url);
  await page.waitForFunction(() => 'drawn' in window, undefined, { polling: 20 });
}

beforeAll(async () => {
  const files = { '/index.html': index, '/page.js': script, '/page.css': css, '/client.js': await bundleClient() };
  served = await serveStatic({ files });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser.close();
  await served.close();
});
afterEach(async () => {
  expect(consoleMessages).toEqual([]);
  await context.close();
});

describe('under a strict content security policy', () => {
  beforeEach(() => open());

  test('a heatmap scrolls with every block, uses the colors of its palette, and leaves invalid frames blank', async () => {
    const result = await page.evaluate(async () => {
      const { FeatureMap } = window.tapline;
      const map = new FeatureMap(window.mount('a'), { labels: ['x', 'y'], rate: 10, range: [0, 1], window: 10 });
      await window.drawn();
      const canvas = document.querySelector<HTMLCanvasElement>('canvas[data-testid=heatmap]');
      if (!canvas) throw new Error('no heatmap');
      const look = () => [
        window.count(canvas, 'fde725'),
        window.count(canvas, '440154'),
        window.count(canvas, 'eceff3', 0.15, 0.85),
      ];
      const rows = (value: number) => Array.from({ length: 20 }, () => [value, 1 - value]);
      map.push(
        window.block(
          0,
          rows(1),
          10,
          Array.from({ length: 20 }, () => 0),
        ),
      );
      await window.drawn();
      const blank = look();
      map.push(window.block(20, rows(1), 10));
      await window.drawn();
      const half = look();
      map.push(window.block(40, rows(1), 10));
      await window.drawn();
      const more = look();
      map.set({ palette: 'magma' });
      await window.drawn();
      const magma = [window.count(canvas, 'fcfdbf', 0.15, 0.85), window.count(canvas, '000004', 0.15, 0.85)];
      map.destroy();
      return { blank, half, more, magma };
    });
    expect(result.blank.slice(0, 2)).toEqual([0, 0]);
    expect(result.half[0]).toBeGreaterThan(5000);
    expect(result.half[1]).toBeGreaterThan(5000);
    expect(result.half[2]).toBeLessThan(result.blank[2]);
    expect(result.more[0]).toBeGreaterThan(1.8 * result.half[0]);
    expect(result.magma[0]).toBeGreaterThan(5000);
    expect(result.magma[1]).toBeGreaterThan(5000);
  });

  test('a heatmap adjusts its range automatically and shows it on the color bar', async () => {
    const numbers = await page.evaluate(async () => {
      const map = new window.tapline.FeatureMap(window.mount('a'), { labels: ['x'], rate: 10, unit: 'dB' });
      const rows = Array.from({ length: 100 }, (_, i) => [i === 50 ? 1e9 : 10 + i / 10]);
      map.push(window.block(0, rows, 10));
      await window.drawn();
      return [...document.querySelectorAll('.tapline-color-numbers > *')].map((cell) => Number(cell.textContent));
    });
    expect(numbers[0]).toBeGreaterThan(19);
    expect(numbers[0]).toBeLessThan(21);
    expect(numbers[2]).toBeGreaterThan(9.9);
    expect(numbers[2]).toBeLessThan(11);
  });

  test('gaps are not drawn, and a stream that starts with NaN is drawn after it', async () => {
    const trace = await page.evaluate(async () => {
      const plot = new window.tapline.SignalPlot(window.mount('a'), {
        channels: ['Fz'],
        rate: 100,
        unit: 'uV',
        window: 10,
      });
      const wave = (from: number, to: number) =>
        Array.from({ length: to - from }, (_, i) => [20 * Math.sin((from + i) / 3)]);
      plot.push(
        window.block(
          0,
          Array.from({ length: 100 }, () => [NaN]),
        ),
      );
      plot.push(window.block(100, wave(100, 400)));
      plot.push(window.block(600, wave(600, 1000)));
      await window.drawn();
      const canvas = document.querySelector('canvas');
      if (!canvas) throw new Error('no canvas');
      const at = (from: number, to: number) =>
        window.count(canvas, '3454d1', (100 + 60 * from) / 800, (100 + 60 * to) / 800);
      return [at(0.1, 0.9), at(1.2, 3.8), at(4.2, 5.8), at(6.2, 9.8)];
    });
    expect(trace[0]).toBe(0);
    expect(trace[1]).toBeGreaterThan(500);
    expect(trace[2]).toBe(0);
    expect(trace[3]).toBeGreaterThan(500);
  });

  test('no plot draws anything across an outage, and a heatmap is complete after it', async () => {
    const result = await page.evaluate(async () => {
      const { FeatureLines, FeatureMap, LossPlot, SignalPlot, TimeView } = window.tapline;
      /** The blank spans of the middle row of a canvas, as fractions of the time axis. */
      const blanks = (canvas: HTMLCanvasElement | null, color?: string): string[] => {
        if (!canvas) throw new Error('no canvas');
        const steps = Array.from({ length: 600 }, (_, at) => at / 600);
        const blank = steps.map((x) => {
          const at = (100 + 600 * x) / 800;
          const width = 4 / canvas.width;
          return color === undefined
            ? window.count(canvas, 'eceff3', at, at + width) > 100
            : window.count(canvas, color, at, at + width) === 0;
        });
        const starts = steps.filter((_, i) => blank[i] && !blank[i - 1]);
        const ends = steps.filter((_, i) => blank[i] && !blank[i + 1]);
        return starts
          .map((start, i) => `${start.toFixed(1)}–${ends[i].toFixed(1)}`)
          .filter((span) => span.length === 7);
      };
      const look = async (rate: number, stall: number) => {
        const view = new TimeView(20);
        const [a, b] = [window.mount('a'), window.mount('b')];
        const map = new FeatureMap(a, { labels: ['x'], range: [0, 1], view });
        const lines = new FeatureLines(b, { labels: ['x'], view });
        const signal = new SignalPlot(b, { channels: 1, coupling: 'dc', view });
        // one frame per message, ten per second, and a stall of the clock after the first half
        for (let i = 0; i < 200 - 10 * stall; i++) {
          const time = 1e12 + 100 * i + (i < 80 ? 0 : 1000 * stall);
          for (const plot of [map, lines, signal]) plot.push({ ...window.block(i, [[i % 2 ? 0.7 : 0.3]], rate), time });
        }
        await window.drawn();
        const canvas = (element: Element) =>
          element.querySelector<HTMLCanvasElement>('[data-testid=heatmap], .u-wrap canvas');
        const [first, second] = b.querySelectorAll<HTMLElement>('.tapline');
        const spans = [blanks(canvas(a)), blanks(canvas(first), '3454d1'), blanks(canvas(second), '3454d1')];
        for (const plot of [map, lines, signal]) plot.destroy();
        return spans;
      };
      const result = {
        regular: await look(10, 4),
        irregular: await look(0, 4),
        jitter: await look(10, 0.9),
      };
      const loss = new LossPlot(window.mount('a'), { compact: true });
      for (let i = 0; i < 200; i++) loss.push({ nmse: 1, skill: 0.5, time: 1e12 + 100 * i + (i < 100 ? 0 : 20_000) });
      await window.drawn();
      const canvas = document.querySelector<HTMLCanvasElement>('#a canvas');
      const drawn = canvas ? [0.1, 0.5, 0.9].map((x) => window.count(canvas, '0b7d62', x, x + 0.02)) : [];
      return { ...result, drawn };
    });
    const inside = (spans: string[][]): string[][] => spans.map((list) => list.filter((span) => span !== '0.0–0.0'));
    expect(inside(result.regular)).toEqual([['0.4–0.6'], ['0.4–0.6'], ['0.4–0.6']]);
    // the color of the last frame of an irregular stream is held for a second
    expect(inside(result.irregular)).toEqual([['0.5–0.6'], ['0.4–0.6'], ['0.4–0.6']]);
    expect(inside(result.jitter)).toEqual([[], [], []]);
    expect(result.drawn[0]).toBeGreaterThan(0);
    expect(result.drawn[1]).toBe(0);
    expect(result.drawn[2]).toBeGreaterThan(0);
  });

  test('a plot without data is veiled, follows the clock, and does not claim to show now', async () => {
    const result = await page.evaluate(async () => {
      const { LossPlot, SignalPlot, TimeView } = window.tapline;
      const view = new TimeView(10);
      const plot = new SignalPlot(window.mount('a'), { channels: 1, coupling: 'dc', view });
      new LossPlot(window.mount('b'), { view, compact: true }).push({ nmse: 1, skill: 0.5, time: 1e12 });
      const labels: string[] = [];
      const fillText: (this: CanvasRenderingContext2D, text: string, x: number, y: number) => void = Reflect.get(
        CanvasRenderingContext2D.prototype,
        'fillText',
      );
      CanvasRenderingContext2D.prototype.fillText = function (text: string, x: number, y: number) {
        labels.push(text);
        fillText.call(this, text, x, y);
      };
      const look = async () => {
        labels.length = 0;
        plot.refresh();
        await window.drawn();
        const canvas = document.querySelector<HTMLCanvasElement>('#a canvas');
        return {
          veils: [...document.querySelectorAll<HTMLElement>('[data-testid=veil]')].map((veil) =>
            veil.hidden ? '' : veil.textContent,
          ),
          now: labels.includes('now'),
          clock: labels.filter((label) => /^\d\d:\d\d:\d\d$/.test(label)).length,
          right: canvas && window.count(canvas, '3454d1', 0.8, 0.87) > 0,
        };
      };
      plot.push(
        window.block(
          0,
          Array.from({ length: 1000 }, (_, i) => [Math.sin(i)]),
        ),
      );
      const unknown = await look();
      view.setStatus({ fresh: true });
      const fresh = await look();
      view.setStatus({ note: 'No data since 18:38:12', clock: view.end + 3000 });
      const stale = await look();
      view.pause();
      const paused = (await look()).veils;
      return { unknown, fresh, stale, paused };
    });
    expect(result.unknown).toMatchObject({ veils: ['', ''], now: false, right: true });
    expect(result.fresh).toMatchObject({ veils: ['', ''], now: true, right: true });
    const note = 'No data since 18:38:12';
    expect(result.stale).toMatchObject({ veils: [note, note], now: false, right: false });
    for (const { clock } of [result.unknown, result.fresh, result.stale]) expect(clock).toBeGreaterThan(2);
    expect(result.paused).toEqual(['', '']);
  });

  test('feature maps that arrive after the newest frame are drawn when they arrive', async () => {
    const moved = await page.evaluate(async () => {
      const { FeatureLines, FeatureMap, TimeView } = window.tapline;
      const view = new TimeView(10);
      const plots = [
        new FeatureMap(window.mount('a'), { labels: ['x'], range: [0, 1], view }),
        new FeatureLines(window.mount('b'), { labels: ['x'], view }),
      ];
      const pictures = () => [...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL());
      view.advance(1e12 + 60_000);
      await window.drawn();
      const before = pictures();
      for (const plot of plots) plot.push({ ...window.block(0, [[0.2], [0.8], [0.5]], 1), time: 1e12 + 55_000 });
      await window.drawn();
      const after = pictures();
      return before.map((picture, at) => picture !== after[at]);
    });
    // the color bar of the heatmap, which has a fixed range, is the canvas that may stay the same
    expect(moved.filter(Boolean).length).toBeGreaterThanOrEqual(2);
  });

  test('a spike stays in its lane, is marked, and does not flatten the other samples', async () => {
    const result = await page.evaluate(async () => {
      const plot = new window.tapline.SignalPlot(window.mount('a'), { channels: 2, coupling: 'dc', rate: 100 });
      const rows = Array.from({ length: 1000 }, (_, i) => [i % 2, i === 500 ? -1e6 : i % 3]);
      plot.push(window.block(0, rows));
      await window.drawn();
      const canvas = document.querySelector<HTMLCanvasElement>('.u-wrap canvas');
      if (!canvas) throw new Error('no canvas');
      const scales = [...document.querySelectorAll('.tapline-range')].map(({ textContent }) => textContent);
      const at = (color: string, from: number, to: number) =>
        window.count(canvas, color, (100 + 600 * from) / 800, (100 + 600 * to) / 800);
      return { scales, marks: [at('17202e', 0, 0.45), at('17202e', 0.48, 0.52), at('17202e', 0.55, 1)] };
    });
    expect(result.scales.join()).not.toMatch(/M/);
    expect(result.marks[0]).toBe(0);
    expect(result.marks[1]).toBeGreaterThan(5);
    expect(result.marks[2]).toBe(0);
  });

  test('a signal shows its coupling, offset, scale, and which channels are flat or railed', async () => {
    const texts = await page.evaluate(async () => {
      const channels = [
        { label: 'Fz', unit: 'uV' },
        { label: 'flat', unit: 'uV' },
        { label: 'railed', unit: 'uV' },
      ];
      const plot = new window.tapline.SignalPlot(window.mount('a'), { channels, rate: 100 });
      plot.push(
        window.block(
          0,
          Array.from({ length: 500 }, (_, i) => [4000 + 40 * Math.sin(i), 7, 187_500 - (i % 2)]),
        ),
      );
      await window.drawn();
      const lanes = [...document.querySelectorAll('.tapline-lane')];
      const badge = (lane: Element) => lane.querySelector('.tapline-badge:not([hidden])')?.textContent ?? '';
      const text = (selector: string) => document.querySelector(selector)?.textContent;
      return {
        badges: lanes.map(badge),
        offset: text('.tapline-value'),
        scale: text('.tapline-bar'),
        coupling: text('.tapline-tag-left'),
      };
    });
    expect(texts.badges).toEqual(['', 'flat', 'railed']);
    expect(texts.offset).toMatch(/^DC (3\.99|4|4\.01) mV$/);
    expect(texts.scale).toBe('50 µV');
    expect(texts.coupling).toBe('AC-coupled');
  });

  test('components need no options: the first block determines the channels', async () => {
    const result = await page.evaluate(async () => {
      const { FeatureLines, FeatureMap, KernelPlot, SignalPlot } = window.tapline;
      const rows = Array.from({ length: 200 }, (_, i) => [Math.sin(i / 5), Math.cos(i / 5), i % 2]);
      const components = [SignalPlot, FeatureMap, FeatureLines].map((Component) => new Component(window.mount('a')));
      const kernel = new KernelPlot(window.mount('b'));
      for (const component of components) component.push(window.block(0, rows));
      kernel.push({ shape: [1, 3, 1], data: [1, 2, 1] });
      await window.drawn();
      const texts = (selector: string) =>
        [...document.querySelectorAll(selector)].map(({ textContent }) => textContent);
      const errors = components.map((component) => {
        try {
          return component.push(window.block(200, [[1, 2]]));
        } catch (error) {
          return String(error);
        }
      });
      return { names: texts('.tapline-name'), rows: texts('.tapline-row'), keys: texts('.tapline-key'), errors };
    });
    expect(result.names).toEqual(['ch1', 'ch2', 'ch3']);
    expect(result.rows).toEqual(['1', '2', '3']);
    expect(result.keys).toEqual(['1', '2', '3']);
    expect(result.errors).toEqual(Array(3).fill('RangeError: block.channels must be 3, got 2'));
  });

  test('a window that is widened fills up with new data', async () => {
    const pixels = await page.evaluate(async () => {
      const map = new window.tapline.FeatureMap(window.mount('a'), { labels: ['x'], range: [0, 1], window: 2 });
      const push = (second: number) =>
        map.push(
          window.block(
            second * 10,
            Array.from({ length: 10 }, () => [1]),
            10,
          ),
        );
      for (let second = 0; second < 10; second++) push(second);
      map.set({ window: 20 });
      for (let second = 10; second < 40; second++) push(second);
      await window.drawn();
      const canvas = document.querySelector<HTMLCanvasElement>('canvas[data-testid=heatmap]');
      return canvas && window.count(canvas, 'fde725', 0.15, 0.16);
    });
    expect(pixels).toBeGreaterThan(500);
  });

  test('two components with one view pause together while they still receive data', async () => {
    const result = await page.evaluate(async () => {
      const { FeatureMap, SignalPlot, TimeView } = window.tapline;
      const view = new TimeView(5);
      const map = new FeatureMap(window.mount('a'), { labels: ['x'], rate: 10, range: [0, 1], view });
      const plot = new SignalPlot(window.mount('b'), { channels: 1, rate: 100, view });
      const push = (second: number) => {
        map.push(
          window.block(
            10 * second,
            Array.from({ length: 10 }, (_, i) => [((second + i) % 3) / 2]),
            10,
          ),
        );
        plot.push(
          window.block(
            100 * second,
            Array.from({ length: 100 }, (_, i) => [Math.sin(i * (second + 1))]),
          ),
        );
      };
      const pictures = () => [...document.querySelectorAll('canvas')].map((canvas) => canvas.toDataURL()).join();
      for (let second = 0; second < 5; second++) push(second);
      await window.drawn();
      view.pause();
      await window.drawn();
      const paused = pictures();
      for (let second = 5; second < 100; second++) push(second);
      await window.drawn();
      const unchanged = pictures() === paused;
      const { behind } = view;
      view.resume();
      await window.drawn();
      return { unchanged, behind, moved: pictures() !== paused };
    });
    expect(result.unchanged).toBe(true);
    expect(result.behind).toBeCloseTo(95, 0);
    expect(result.moved).toBe(true);
  });

  test('a component that is mounted on a paused view shows the data of the pause', async () => {
    const result = await page.evaluate(async () => {
      const { FeatureMap, LossPlot, TimeView } = window.tapline;
      const view = new TimeView(5);
      const push = (map: client.FeatureMap, second: number) =>
        map.push(
          window.block(
            10 * second,
            Array.from({ length: 10 }, (_, i) => [((second * i) % 7) / 6]),
            10,
          ),
        );
      const mount = (id: string) => new FeatureMap(window.mount(id), { labels: ['x'], range: [0, 1], view });
      const picture = (id: string) =>
        window.mount(id).querySelector<HTMLCanvasElement>('[data-testid=heatmap]')?.toDataURL();
      const before = mount('a');
      const loss = new LossPlot(window.mount('b'), { view });
      const skill = () => window.mount('b').querySelector('[data-testid=skill]')?.textContent;
      loss.push({ nmse: 1, skill: 0.25 });
      for (let second = 0; second < 5; second++) push(before, second);
      before.ribbon([{ time: 1e12 + 1000, duration: 1000, label: 'blink' }]);
      await window.drawn();
      view.pause();
      await window.drawn();
      const paused = picture('a');
      before.destroy();
      const late = mount('a');
      for (let second = 0; second < 5; second++) push(late, second);
      late.ribbon([{ time: 1e12 + 1000, duration: 1000, label: 'blink' }]);
      for (let second = 5; second < 100; second++) push(late, second);
      loss.push({ nmse: 1, skill: 0.5 });
      await window.drawn();
      const shown = picture('a');
      const pausedSkill = skill();
      view.resume();
      await window.drawn();
      return { same: shown === paused, moved: picture('a') !== paused, pausedSkill, skill: skill() };
    });
    expect(result).toEqual({ same: true, moved: true, pausedSkill: '0.25', skill: '0.5' });
  });

  test('the error of a learner with a constant target is shown as "constant target"', async () => {
    const texts = await page.evaluate(() => {
      const plot = new window.tapline.LossPlot(window.mount('a'));
      const outputs = () => [...document.querySelectorAll('output')].map((output) => output.textContent);
      plot.push({ nmse: null, skill: null, rms: null });
      const unknown = outputs();
      plot.push({ nmse: null, skill: null, rms: 0.01 });
      return [unknown, outputs()];
    });
    expect(texts).toEqual([
      ['–', '–'],
      ['constant target', '–'],
    ]);
  });

  test('labels that would overlap are thinned out', async () => {
    const result = await page.evaluate(async () => {
      const labels = Array.from({ length: 64 }, (_, at) => `ch ${at}`);
      new window.tapline.SignalPlot(window.mount('a'), { channels: labels, rate: 10 });
      new window.tapline.FeatureMap(window.mount('b'), {
        labels: labels.map((label) => label.replace(' ', '')),
        rate: 10,
      });
      await window.drawn();
      return ['.tapline-lane', '.tapline-row'].map((selector) => {
        const shown = [...document.querySelectorAll<HTMLElement>(selector)].filter(
          ({ style }) => style.visibility === '',
        );
        const tops = shown.map((element) => element.getBoundingClientRect().top);
        return [shown.length, Math.min(...tops.slice(1).map((top, at) => top - tops[at]))];
      });
    });
    for (const [shown, apart] of result) {
      expect(shown).toBeGreaterThan(5);
      expect(shown).toBeLessThan(64);
      expect(apart).toBeGreaterThan(9.5);
    }
  });

  test('a kernel plot shows the peak frequency of the kernel, and lets the user select an output', async () => {
    const result = await page.evaluate(async () => {
      const plot = new window.tapline.KernelPlot(window.mount('a'), { rate: 250, outputs: ['one', 'two'] });
      const tone = (hz: number) =>
        Array.from({ length: 125 }, (_, k) => Math.cos((2 * Math.PI * hz * k) / 250) * Math.sin((Math.PI * k) / 125));
      plot.push({ shape: [2, 125, 1], data: [...tone(10).map((w) => 0.1 * w), ...tone(40)] });
      await window.drawn();
      const peak = () => document.querySelector('[data-testid=kernel-peak]')?.textContent;
      const select = document.querySelector('select');
      const strongest = peak();
      if (select) select.value = '0';
      select?.dispatchEvent(new Event('change'));
      await window.drawn();
      return { strongest, chosen: peak(), options: [...(select?.options ?? [])].map(({ text }) => text) };
    });
    expect(result.strongest).toMatch(/^peak (39\.9|40\.0|40\.1) Hz$/);
    expect(result.chosen).toMatch(/^peak (9\.9|10\.0|10\.1) Hz$/);
    expect(result.options).toEqual(['one', 'two']);
  });

  test('labels are inserted as text, not as markup', async () => {
    const elements = await page.evaluate(async () => {
      const label = '<img src=x onerror="document.title=1">';
      new window.tapline.FeatureMap(window.mount('a'), { labels: [label], rate: 10 }).ribbon([{ time: 1e12, label }]);
      new window.tapline.SignalPlot(window.mount('b'), { channels: [label], rate: 10 });
      await window.drawn();
      return [document.querySelectorAll('img').length, document.body.textContent?.split(label).length];
    });
    expect(elements).toEqual([0, 4]);
  });

  test('components that are mounted twenty times and destroyed leave no element, observer, frame, or listener', async () => {
    const result = await page.evaluate(async () => {
      const { FeatureLines, FeatureMap, KernelPlot, LossPlot, SignalPlot, TimeView } = window.tapline;
      const view = new TimeView(5);
      const round = async () => {
        const a = window.mount('a');
        const b = window.mount('b');
        const components = [a, b].flatMap((element) => [
          new SignalPlot(element, { channels: 2, rate: 100, view, sync: 'x' }),
          new FeatureMap(element, { labels: ['x', 'y'], rate: 100, view, sync: 'x' }),
          new FeatureLines(element, { labels: ['x', 'y'], rate: 100, view, sync: 'x' }),
        ]);
        const others = [a, b].map((element) => ({
          kernel: new KernelPlot(element, { rate: 100 }),
          loss: new LossPlot(element),
        }));
        const push = () => {
          for (const component of components)
            component.push(
              window.block(0, [
                [1, 2],
                [3, 4],
              ]),
            );
          for (const { kernel, loss } of others) {
            kernel.push({ shape: [1, 2, 1], data: [1, 2] });
            loss.push({ nmse: 1, skill: 0.5 });
          }
        };
        push();
        await window.drawn();
        push();
        const during = { ...window.live };
        for (const component of components) component.destroy();
        for (const { kernel, loss } of others) {
          kernel.destroy();
          loss.destroy();
        }
        return {
          during,
          ...window.live,
          elements: document.querySelectorAll('.box *').length,
          sheets: document.adoptedStyleSheets.length,
        };
      };
      const before = { ...window.live };
      const rounds = [];
      for (let i = 0; i < 10; i++) rounds.push(await round());
      return { before, first: rounds[0], last: rounds.at(-1) };
    });
    const { during, ...after } = result.first;
    expect(during.observers).toBeGreaterThan(result.before.observers);
    expect(during.frames).toBe(1);
    expect(during.listeners).toBeGreaterThan(result.before.listeners);
    expect(after).toEqual({ ...result.before, elements: 0, sheets: 1 });
    expect(result.last).toEqual(result.first);
  });

  test('memory is bounded by the window, no matter how long a stream runs', async () => {
    const session = await context.newCDPSession(page);
    const used = async (seconds: number) => {
      await page.evaluate((seconds) => window.run(seconds), seconds);
      await session.send('HeapProfiler.collectGarbage');
      const heap = await session.send('Runtime.getHeapUsage');
      const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
      return { bytes: heap.usedSize + heap.backingStorageSize, nodes, listeners: jsEventListeners };
    };
    await page.evaluate(() => {
      const { FeatureLines, FeatureMap, KernelPlot, LossPlot, SignalPlot, TimeView } = window.tapline;
      const view = new TimeView(5);
      const element = window.mount('a');
      const map = new FeatureMap(element, { view });
      const plots = [map, new SignalPlot(element, { view }), new FeatureLines(element, { view })];
      const kernel = new KernelPlot(element, { rate: 100, view });
      const loss = new LossPlot(element, { view });
      let second = 0;
      window.run = async (seconds) => {
        for (const until = second + seconds; second < until; second++) {
          const rows = Array.from({ length: 100 }, (_, i) => [Math.sin(i), Math.cos(second), i % 7, second % 5]);
          for (const plot of plots) plot.push(window.block(100 * second, rows));
          for (const label of ['blink', 'yawn']) map.ribbon([{ time: 1e12 + 1000 * second, duration: 300, label }]);
          kernel.push({ shape: [1, 4, 2], data: rows.slice(0, 2).flat() });
          loss.push({ nmse: 1 / (1 + second), persistence: 1, skill: 0.5, time: 1e12 + 1000 * second });
          if (second % 50 === 0) await window.drawn();
        }
      };
    });
    // A leak would grow by far more than these limits in every round. The browser's own memory grows only in some rounds.
    const growth = { nodes: Infinity, listeners: Infinity, bytes: Infinity };
    let last = await used(1000);
    for (let i = 0; i < 4; i++) {
      const now = await used(1000);
      for (const of of ['nodes', 'listeners', 'bytes'] as const) growth[of] = Math.min(growth[of], now[of] - last[of]);
      last = now;
    }
    expect(growth.nodes).toBeLessThan(20);
    expect(growth.listeners).toBeLessThan(20);
    expect(growth.bytes).toBeLessThan(200_000);
  });

  test('a component in a shadow root is styled there', async () => {
    const position = await page.evaluate(async () => {
      const shadow = window.mount('a').attachShadow({ mode: 'open' });
      const inner = document.createElement('div');
      shadow.append(inner);
      inner.style.height = '200px';
      new window.tapline.LossPlot(inner, { compact: true }).push({ nmse: 1, skill: 0.1 });
      await window.drawn();
      const root = inner.querySelector('.tapline');
      return root && getComputedStyle(root).position;
    });
    expect(position).toBe('relative');
  });

  test('a component requests one animation frame, no matter how much is pushed before it, as in a hidden tab', async () => {
    const frames = await page.evaluate(async () => {
      const plot = new window.tapline.SignalPlot(window.mount('a'), { channels: 1, rate: 100 });
      await window.drawn();
      let requests = 0;
      const request = window.requestAnimationFrame.bind(window);
      window.requestAnimationFrame = () => ++requests;
      for (let i = 0; i < 1000; i++) plot.push(window.block(i, [[i]]));
      window.requestAnimationFrame = request;
      return requests;
    });
    expect(frames).toBe(1);
  });
});

describe("if the browser's language is not a valid language tag", () => {
  test('the components load and draw, and do not change the language', async () => {
    await open((fresh) =>
      fresh.addInitScript(() =>
        Object.defineProperty(Navigator.prototype, 'language', { get: () => 'en-US@posix', configurable: true }),
      ),
    );
    const result = await page.evaluate(async () => {
      const plot = new window.tapline.SignalPlot(window.mount('a'), { channels: 1, rate: 100 });
      plot.push(window.block(0, [[1], [2]]));
      await window.drawn();
      return [document.querySelectorAll('canvas').length, navigator.language];
    });
    expect(result).toEqual([1, 'en-US@posix']);
  });
});
