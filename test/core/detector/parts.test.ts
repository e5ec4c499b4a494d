import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AlarmBudget, framesBetween } from '../../../src/core/detector/alarm-budget.ts';
import { Calibration } from '../../../src/core/detector/calibration.ts';
import { CategoricalForecast } from '../../../src/core/detector/categorical-forecast.ts';
import { DailyProfile, timeOfDay, SoftCategories } from '../../../src/core/detector/forecaster.ts';
import { LevelGate } from '../../../src/core/detector/level-gate.ts';
import { minNovelty, RangeNovelty } from '../../../src/core/detector/range-novelty.ts';
import { FlatlineMonitor } from '../../../src/core/detector/flatline-monitor.ts';
import { random } from '../../../src/core/random.ts';

/** The forecast as its formulas are written, with dense inputs and all rows. */
class DenseForecast {
  readonly #bins: number;
  readonly #taps: number[][][];
  readonly #hours: number[][];
  readonly #bias: number[];
  #seen: number[] = [-1, -1, -1, -1];

  constructor(bins: number) {
    this.#bins = bins;
    const zeros = () => Array<number>(bins).fill(0);
    this.#taps = Array.from({ length: 5 }, () => Array.from({ length: bins }, zeros));
    this.#hours = Array.from({ length: 12 }, zeros);
    this.#bias = zeros();
  }

  push(position: number, dayBack: number, day: number): number {
    const bins = this.#bins;
    const tent = (at: number) =>
      Array.from({ length: bins }, (_, b) => (at < 0 ? 0 : Math.max(0, 1 - Math.abs(at - b))));
    const inputs = [...this.#seen, dayBack].map(tent);
    const clock = Array.from({ length: 12 }, (_, h) => {
      const distance = Math.abs(day * 12 - h);
      return Math.max(0, 1 - Math.min(distance, 12 - distance));
    });
    const logits = this.#bias.map(
      (bias, o) =>
        bias +
        inputs.reduce((sum, a, k) => sum + a.reduce((s, x, b) => s + x * this.#taps[k][b][o], 0), 0) +
        clock.reduce((sum, x, h) => sum + x * this.#hours[h][o], 0),
    );
    const exps = logits.map(Math.exp);
    const sum = exps.reduce((a, b) => a + b);
    const p = exps.map((e) => e / sum);
    const blurred = p.map((x, o) => 0.5 * x + 0.25 * ((p[o - 1] ?? x) + (p[o + 1] ?? x)));
    const truth = tent(position);
    const surprise = -Math.log2(truth.reduce((s, a, o) => s + a * blurred[o], 0) + 1e-7);
    for (let o = 0; o < bins; o++) {
      const step = 0.1 * (p[o] - truth[o]);
      this.#bias[o] -= step;
      for (const [k, a] of inputs.entries()) for (let b = 0; b < bins; b++) this.#taps[k][b][o] -= step * a[b];
      for (const [h, x] of clock.entries()) this.#hours[h][o] -= step * x;
    }
    this.#seen = [position, ...this.#seen.slice(0, 3)];
    return surprise;
  }
}

describe('CategoricalForecast', () => {
  test('equals the softmax regression of its formulas on four lags, a day back, and the time of day', () => {
    const position = fc.double({ min: 0, max: 7, noNaN: true });
    const frame = fc.tuple(
      position,
      fc.oneof(fc.constant(-1), position),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 40 }), (frames) => {
        const [sparse, dense] = [new CategoricalForecast(8), new DenseForecast(8)];
        for (const [at, back, day] of frames)
          expect(sparse.push(at, back, day, true)).toBeCloseTo(dense.push(at, back, day), 9);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  test('returns a low surprise for a cycle that it has learned, and a high one for a break in it', () => {
    const forecast = new CategoricalForecast(24);
    const cycle = [2, 9, 15, 21, 12];
    let last = 0;
    for (let t = 0; t < 2000; t++) last = forecast.push(cycle[t % 5], -1, 0, true);
    expect(last).toBeLessThan(1.1);
    expect(forecast.push(cycle[3], -1, 0, true)).toBeGreaterThan(4);
  });
});

describe('SoftCategories', () => {
  test('maps the mean to the middle, larger samples to higher positions, and outliers to the ends', () => {
    const categories = new SoftCategories(25);
    const chance = random(3);
    for (let t = 0; t < 3000; t++) categories.learn(5 + 2 * chance.normal());
    expect(categories.place(5)).toBeCloseTo(12, 0);
    expect(categories.place(1e9)).toBeCloseTo(24, 9);
    expect(categories.place(-1e9)).toBeCloseTo(0, 9);
    expect(categories.place(7)).toBeCloseTo(24 - categories.place(3), 0);
  });
});

describe('DailyProfile', () => {
  test('returns the position exactly one day before, at any rate of one frame per minute or slower', () => {
    for (const seconds of [60, 300, 1800]) {
      const line = new DailyProfile(1 / seconds);
      const frames = 86_400 / seconds;
      for (let t = 0; t < 3 * frames; t++) {
        expect(line.dayBefore(t * seconds * 1000)).toBe(t < frames ? -1 : t - frames);
        line.push(t * seconds * 1000, t);
      }
    }
  });

  test('fills a hole of up to two hours, but not a longer one', () => {
    const line = new DailyProfile(1 / 300);
    line.push(0, 1);
    line.push(3_600_000, 2);
    line.push(36_000_000, 3);
    const back = (time: number) => line.dayBefore(86_400_000 + time);
    expect([0, 1_800_000, 3_600_000, 18_000_000, 36_000_000].map(back)).toEqual([1, 2, 2, -1, 3]);
  });

  test('does not fill holes whose number of slots cannot be represented', () => {
    const line = new DailyProfile(1e-19);
    for (const time of [0, 1e22, 2e22, -1e22]) line.push(time, 1);
    expect(line.dayBefore(1e22)).toBe(-1);
  });

  test('the time of day runs from 0 to 1, also before 1970', () => {
    expect([0, 43_200_000, 86_400_000, -21_600_000].map(timeOfDay)).toEqual([0, 0.5, 0, 0.75]);
  });
});

describe('RangeNovelty', () => {
  test('is log2(1 + y / 0.005) for a record y ranges outside', () => {
    const range = new RangeNovelty('records');
    for (let t = 0; t < 20; t++) range.push(t % 2, t);
    expect(range.push(0.5, 20)).toBe(minNovelty);
    expect(range.push(1.5, 21)).toBeCloseTo(Math.log2(1 + 0.5 / 0.005), 12);
    expect(range.push(-0.15, 22)).toBeCloseTo(Math.log2(1 + 0.1 / 0.005), 12);
  });

  test('a huge sample at most doubles the range', () => {
    const range = new RangeNovelty('records');
    for (let t = 0; t < 20; t++) range.push(t % 2, t);
    range.push(1e6, 20);
    expect(range.push(3, 21)).toBeCloseTo(Math.log2(1 + 0.5 / 0.005), 12);
  });

  test('for iid numbers, the n-th is a record with probability 2/n', () => {
    const chance = random(11);
    let records = 0;
    for (let stream = 0; stream < 200; stream++) {
      const range = new RangeNovelty('records');
      for (let t = 0; t < 1000; t++) if (range.push(chance.normal(), t) > 0 && t >= 100) records++;
    }
    expect(records / 200 / (2 * Math.log(10))).toBeCloseTo(1, 1);
  });
});

describe('Calibration', () => {
  test('equals log10 of 60 (N + 20) / (count above + 20 P0)', () => {
    for (const channels of [1, 9]) {
      const calibration = new Calibration(channels);
      const prior = (s: number, stretch: number) =>
        20 * Math.min(1, Math.sqrt(channels) * (1 + 8 / stretch) * Math.exp(-(s + 5) / 2));
      for (let t = 0; t < 180; t++) expect(calibration.push(-5)).toBe(0);
      expect(calibration.push(4)).toBeCloseTo(Math.log10((60 * 20) / prior(4, 3)), 9);
      for (let t = 1; t < 60; t++) calibration.push(-5);
      expect(calibration.push(-6)).toBeCloseTo(Math.log10((60 * 21) / (1 + prior(-6, 4))), 9);
      expect(calibration.push(0)).toBeCloseTo(Math.log10((60 * 21) / (1 + prior(0, 4))), 9);
      expect(calibration.push(6)).toBeCloseTo(Math.log10((60 * 21) / prior(6, 4)), 9);
    }
  });

  test('for stationary novelty, one window in T/60 has a score above log10 T', () => {
    const chance = random(4);
    const calibration = new Calibration(1);
    const frames = 400_000;
    let [stretches, over] = [0, false];
    for (let t = 0; t < frames; t++) {
      if (t % 60 === 0) over = false;
      const score = calibration.push(-3 + 1.5 * chance.normal());
      if (score >= Math.log10(2000) && !over) {
        stretches++;
        over = true;
      }
    }
    expect(stretches / (frames / 2000)).toBeGreaterThan(0.8);
    expect(stretches / (frames / 2000)).toBeLessThan(1.25);
  });
});

describe('AlarmBudget', () => {
  test('keeps its rate for any distribution of scores in the long run, except for scores ten times as rare', () => {
    const chance = random(8);
    for (const score of [
      () => 2 * chance.uniform(),
      () => 2 + 0.4 * chance.normal(),
      () => 3 * chance.uniform() ** 2,
    ]) {
      const budget = new AlarmBudget(500);
      let alarms = 0;
      for (let t = 0; t < 100_000; t++) if (budget.push(score())) alarms++;
      expect(alarms / 200).toBeGreaterThan(0.9);
      expect(alarms / 200).toBeLessThan(1.1);
    }
    const loud = new AlarmBudget(500);
    let alarms = 0;
    for (let t = 0; t < 6100; t++) if (loud.push(Math.log10(5000))) alarms++;
    expect(alarms).toBe(100);
  });

  test('has a refractory period after an alarm, and raises none for a score of 0', () => {
    const budget = new AlarmBudget(1000);
    expect(budget.push(9)).toBe(true);
    for (let t = 0; t < 60; t++) expect(budget.push(9)).toBe(false);
    expect(budget.push(9)).toBe(true);
    const silent = new AlarmBudget(10);
    for (let t = 0; t < 5000; t++) expect(silent.push(0)).toBe(false);
  });

  test('counts by time if the stream has a rate, and by frames if not', () => {
    expect(framesBetween('1/month', 1 / 300)).toBe(8640);
    expect(framesBetween('2/day', 1)).toBe(43_200);
    expect(framesBetween(123, 250)).toBe(123);
    expect(framesBetween(undefined, 1)).toBe(2_592_000);
    expect(framesBetween(undefined, 0)).toBe(10_000);
  });
});

describe('LevelGate', () => {
  test('opens within ten frames of a shift, and closes when the level returns', () => {
    const chance = random(2);
    const gate = new LevelGate();
    const open: number[] = [];
    for (let t = 0; t < 1500; t++) {
      gate.push(chance.normal() + (t >= 800 && t < 1100 ? 8 : 0), t);
      if (gate.open) open.push(t);
      if (t === 900) expect(gate.since).toBeGreaterThan(790);
    }
    expect(open[0]).toBeGreaterThanOrEqual(800);
    expect(open[0]).toBeLessThan(810);
    expect(open.at(-1)).toBeLessThan(1115);
    expect(open.length).toBeGreaterThan(290);
  });

  test('eventually accepts a permanent new level', () => {
    const chance = random(2);
    const gate = new LevelGate();
    for (let t = 0; t < 40_000; t++) gate.push(chance.normal() + (t >= 800 ? 8 : 0), t);
    expect(gate.open).toBe(false);
  });
});

describe('FlatlineMonitor', () => {
  const deaths = (samples: readonly number[]) => {
    const silence = new FlatlineMonitor();
    return samples.flatMap((x, t) => (silence.push(x, t) ? [[silence.since, t]] : []));
  };
  const alive = Array.from({ length: 100 }, (_, t) => t % 3);

  test('reports a channel that is constant for 60 frames, once', () => {
    expect(deaths([...alive, ...Array<number>(500).fill(9)])).toEqual([[100, 160]]);
    expect(deaths([...alive, ...Array<number>(500).fill(NaN)])).toEqual([[100, 159]]);
  });

  test('of a constant channel ends with a different sample, whatever is missing in between', () => {
    const stuck = Array.from({ length: 1000 }, (_, t) => (t % 20 === 7 ? NaN : 9));
    expect(deaths([...alive, ...stuck])).toEqual([[100, 163]]);
    expect(deaths([...alive, ...stuck, 1, ...Array<number>(9600).fill(2)])).toHaveLength(2);
    const halves = (x: number) => [x, NaN];
    expect(deaths([...alive.flatMap(halves), ...Array<number>(500).fill(9).flatMap(halves)])).toHaveLength(1);
  });

  test('of a channel without samples ends with any sample', () => {
    const silence = new FlatlineMonitor();
    for (const [t, x] of [...alive, ...Array<number>(60).fill(NaN)].entries()) silence.push(x, t);
    expect(silence.flatlined).toBe(true);
    silence.push(alive[alive.length - 1], 160);
    expect(silence.flatlined).toBe(false);
  });

  test('does not count 0 as a flatline if the channel is often at 0, but does if it rarely is', () => {
    const bursts = Array.from({ length: 200 }, (_, t) => (t % 4 === 0 ? 0 : t));
    const dithers = Array.from({ length: 200 }, (_, t) => (t % 40 === 0 ? 0 : t));
    const zeros = Array<number>(500).fill(0);
    expect(deaths([...bursts, ...zeros])).toEqual([]);
    expect(deaths([...bursts, ...Array<number>(500).fill(9)])).toHaveLength(1);
    expect(deaths([...dithers, ...zeros])).toHaveLength(1);
    const before = new FlatlineMonitor();
    for (const [t, x] of bursts.entries()) before.push(x, t);
    const after = new FlatlineMonitor();
    after.restore(before.save());
    expect(zeros.some((x, t) => after.push(x, 200 + t))).toBe(false);
  });

  test('is not reported if it lasts less than ten times as long as before, or if the channel never changed', () => {
    const slow = alive.flatMap((x) => Array<number>(10).fill(x));
    expect(deaths([...slow, ...Array<number>(85).fill(9)])).toEqual([]);
    expect(deaths([...slow, ...Array<number>(100).fill(9)])).toHaveLength(1);
    expect(deaths(Array<number>(500).fill(3))).toEqual([]);
  });
});
