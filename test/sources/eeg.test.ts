import fc from 'fast-check';
import { take } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { random } from '../../src/core/random.ts';
import { Behavior } from '../../src/sources/eeg/behavior.ts';
import { EegSimulator, eegSource, simulateEeg, type SimulatedEeg } from '../../src/sources/index.ts';
import { ManualClock } from './manual-clock.ts';

const labels = ['Fp1', 'Fp2', 'C3', 'C4', 'P7', 'P8', 'O1', 'O2'];
const rate = 250;

/** One channel of µV. */
const channel = ({ eeg }: SimulatedEeg, label: string) =>
  Float64Array.from({ length: eeg.data.length / 8 }, (_, t) => eeg.data[t * 8 + labels.indexOf(label)]);

/** Mean power in [low, high) Hz of samples from … to - 1, by whole Hann-weighted seconds. */
function bandPower(x: Float64Array, from: number, to: number, low: number, high: number): number {
  let power = 0;
  let windows = 0;
  for (; from + rate <= to; from += rate, windows++) {
    for (let hz = low; hz < high; hz++) {
      let re = 0;
      let im = 0;
      for (let t = 0; t < rate; t++) {
        const weighted = x[from + t] * (1 - Math.cos((2 * Math.PI * t) / rate));
        re += weighted * Math.cos((2 * Math.PI * hz * t) / rate);
        im += weighted * Math.sin((2 * Math.PI * hz * t) / rate);
      }
      power += (2 * (re * re + im * im)) / rate ** 2;
    }
  }
  return power / windows;
}

const spread = (x: Float64Array) => {
  const mean = x.reduce((sum, v) => sum + v, 0) / x.length;
  return Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length);
};

describe('the simulated headset', () => {
  const minute = new EegSimulator({ seed: 1 }).next(60 * rate);
  const closed = minute.events.filter((event) => event.label === 'eyes closed');
  const of = (label: string) => minute.events.filter((event) => event.label === label);

  test('has eight electrodes in µV', () => {
    const simulator = new EegSimulator();
    expect(simulator.channels).toEqual(labels.map((label) => ({ label, unit: 'µV' })));
    expect(minute.eeg).toMatchObject({ channels: 8, rate: 250, start: 0, time: 0 });
    expect(minute.alpha).toMatchObject({ channels: 1, rate: 250, start: 0, time: 0 });
    expect(minute.eeg.data.every(Number.isFinite)).toBe(true);
  });

  test('is identical for the same seed and different for another', () => {
    expect(new EegSimulator({ seed: 1 }).next(500).eeg).toEqual(new EegSimulator({ seed: 1 }).next(500).eeg);
    expect(new EegSimulator({ seed: 1 }).next(500).eeg).not.toEqual(new EegSimulator({ seed: 2 }).next(500).eeg);
  });

  test('produces the same bits and events for any split of its frames', () => {
    const whole = new EegSimulator({ seed: 5 }).next(4000);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1500 }), { maxLength: 6 }), (pieces) => {
        const simulator = new EegSimulator({ seed: 5 });
        let left = 4000;
        const parts = [...pieces, 4000].map((piece) => {
          const frames = Math.min(piece, left);
          left -= frames;
          return simulator.next(frames);
        });
        expect(parts.flatMap((part) => [...part.eeg.data])).toEqual([...whole.eeg.data]);
        expect(parts.flatMap((part) => [...part.alpha.data])).toEqual([...whole.alpha.data]);
        expect(parts.flatMap((part) => part.events)).toEqual(whole.events);
        for (const { eeg, events } of parts)
          for (const { at } of events) {
            expect(at).toBeGreaterThanOrEqual(eeg.start);
            expect(at).toBeLessThan(eeg.start + eeg.data.length / 8);
          }
      }),
      { seed: 1, numRuns: 10 },
    );
  });

  test('closes its eyes within three seconds, then about 8 s in 14, with every seed', () => {
    for (let seed = 0; seed < 20; seed++) {
      const eyes = new Behavior(rate, random(seed)).take(60 * rate).filter(({ label }) => label === 'eyes closed');
      expect(eyes[0].at).toBeLessThan(3 * rate);
      for (const [i, { at, frames }] of eyes.entries()) {
        expect(Math.abs(frames / rate - 8)).toBeLessThanOrEqual(1.01);
        if (i > 0) expect(Math.abs((at - eyes[i - 1].at - eyes[i - 1].frames) / rate - 6)).toBeLessThanOrEqual(1.01);
      }
    }
  });

  test('has more than four times the alpha power at O1 while the eyes are closed, and less toward the front', () => {
    const inside = closed.slice(0, 3).map(({ at, frames }) => [at + rate, at + frames]);
    const outside = inside.slice(1).map(([begin], i) => [inside[i][1] + rate, begin - rate]);
    const ratio = (label: string) => {
      const x = channel(minute, label);
      const power = (spans: number[][]) =>
        spans.reduce((sum, [from, to]) => sum + bandPower(x, from, to, 8, 13), 0) / spans.length;
      return power(inside) / power(outside);
    };
    expect(ratio('O1')).toBeGreaterThan(4);
    expect(ratio('O2')).toBeGreaterThan(4);
    expect(ratio('O1')).toBeGreaterThan(3 * ratio('C3'));
  });

  test('keeps its alpha within 10 ± 0.5 Hz', () => {
    const x = Float64Array.from(minute.alpha.data);
    for (const { at, frames } of closed) {
      const end = Math.min(at + frames, x.length);
      let rises = 0;
      for (let t = at + 1; t < end; t++) if (x[t - 1] < 0 && x[t] >= 0) rises++;
      expect(Math.abs((rises * rate) / (end - at) - 10)).toBeLessThan(0.5);
    }
  });

  test('blinks with open eyes only, about 100-150 µV at Fp1 and hardly at O1', () => {
    const blinks = of('blink');
    expect(blinks.length).toBeGreaterThan(5);
    const peak = (label: string, at: number, frames: number) => {
      const x = channel(minute, label);
      return x[at + (frames >> 1)] - (x[at] + x[at + frames - 1]) / 2;
    };
    const mean = (label: string) =>
      blinks.reduce((sum, { at, frames }) => sum + peak(label, at, frames), 0) / blinks.length;
    expect(mean('Fp1')).toBeGreaterThan(90);
    expect(mean('Fp1')).toBeLessThan(160);
    expect(Math.abs(mean('O1'))).toBeLessThan(25);
    for (const blink of blinks)
      for (const { at, frames } of closed) expect(blink.at + blink.frames <= at || blink.at >= at + frames).toBe(true);
  });

  test('clenches its jaw: 20-60 Hz everywhere', () => {
    const clenches = of('jaw clench');
    expect(clenches.length).toBeGreaterThan(0);
    for (const label of labels) {
      const x = channel(minute, label);
      for (const { at, frames } of clenches)
        expect(bandPower(x, at, at + Math.max(frames, rate), 20, 60)).toBeGreaterThan(
          4 * bandPower(x, at - 2 * rate, at - rate, 20, 60),
        );
    }
  });

  test('has a background of realistic size that falls with frequency, and power-line hum at the given frequency', () => {
    const quiet = { ...minute, eeg: { ...minute.eeg, data: minute.eeg.data.subarray(0, 8 * closed[0].at) } };
    expect(spread(channel(quiet, 'O1'))).toBeGreaterThan(7);
    expect(spread(channel(quiet, 'O1'))).toBeLessThan(20);
    const power = (low: number, high: number, of = minute) =>
      bandPower(channel(of, 'C3'), 0, minute.events.find(({ label }) => label === 'jaw clench')!.at, low, high);
    expect(power(1, 4)).toBeGreaterThan(2 * power(16, 19));
    expect(power(50, 51)).toBeGreaterThan(5 * power(60, 61));
    const american = new EegSimulator({ seed: 1, powerLine: 60 }).next(15000);
    expect(power(60, 61, american)).toBeGreaterThan(5 * power(50, 51, american));
  });

  test.each([
    [{ seed: -1 }, 'seed must be an integer >= 0, got -1'],
    [{ rate: 50 }, 'rate must be a number >= 100 in Hz, got 50'],
    [{ powerLine: 55 as 50 }, 'powerLine must be 50 or 60, got 55'],
    [{ mains: 55 as 50 }, 'powerLine must be 50 or 60, got 55'],
  ])('refuses %j', (options, sentence) => {
    expect(() => new EegSimulator(options)).toThrow(sentence);
  });
});

describe('the headset in real time', () => {
  test('keeps its rate over the elapsed time, even if the timer is late', async () => {
    const clock = new ManualClock();
    const begin = clock.now();
    const parts: SimulatedEeg[] = [];
    const subscription = simulateEeg({ seed: 3, clock }).subscribe((part) => parts.push(part));
    await clock.turn(400);
    expect(parts.map(({ eeg }) => eeg.data.length / 8)).toEqual(Array(10).fill(10));
    await clock.jump(3130);
    expect(parts.reduce((sum, { eeg }) => sum + eeg.data.length / 8, 0)).toBe(Math.floor(3.53 * rate));
    expect(Math.max(...parts.map(({ eeg }) => eeg.data.length / 8))).toBeLessThanOrEqual(rate);
    await clock.turn(6470);
    const whole = new EegSimulator({ seed: 3, time: begin }).next(10 * rate);
    expect(parts.flatMap(({ eeg }) => [...eeg.data])).toEqual([...whole.eeg.data]);
    expect(parts.flatMap(({ events }) => events)).toEqual(whole.events);
    for (const { eeg, alpha } of parts) {
      expect(eeg.time).toBe(begin + eeg.start * 4);
      expect([alpha.start, alpha.time]).toEqual([eeg.start, eeg.time]);
    }
    subscription.unsubscribe();
    expect(clock.waiting).toBe(0);
  });

  test('gives every subscriber its own headset, and leaves no timer after early unsubscription', async () => {
    const clock = new ManualClock();
    const source = eegSource({ clock });
    const starts: number[][] = [[], []];
    const first = source.subscribe((block) => starts[0].push(block.start));
    await clock.turn(80);
    source.pipe(take(1)).subscribe((block) => starts[1].push(block.start));
    await clock.turn(80);
    first.unsubscribe();
    expect(starts).toEqual([[0, 10, 20, 30], [0]]);
    expect(clock.waiting).toBe(0);
  });
});
