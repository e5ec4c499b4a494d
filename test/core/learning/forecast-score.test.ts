import { expect, test } from 'vitest';
import { Learner } from '../../../src/core/learning/learner.ts';
import { Network } from '../../../src/core/network/network.ts';
import { Standardizer } from '../../../src/core/filters/standardizer.ts';
import { ErrorSums } from '../../../src/core/learning/error-sums.ts';
import { ForecastScore } from '../../../src/core/learning/forecast-score.ts';
import { FrameHistory } from '../../../src/core/learning/frames.ts';
import { RunningErrors } from '../../../src/core/learning/running-errors.ts';
import { noise } from '../network/random-networks.ts';

/** The score of a learner of two channels at 10 Hz; the second has bursts in the first 10 s only. */
function scoreOf(bursts: (t: number) => number) {
  const frames = 3000;
  const x = new Float32Array(2 * frames);
  const chance = noise(3, frames);
  for (let t = 0, level = 0; t < frames; t++) {
    level = 0.9 * level + chance[t];
    x.set([level, t < 100 ? bursts(t) : 0], 2 * t);
  }
  const data = new Standardizer({ channels: 2, frames: 100 }).push(x);
  const layers = [{ type: 'conv1d' as const, outChannels: 2, kernelSize: 16 }];
  const learner = new Learner(Network.create({ inChannels: 2, layers }, { seed: 1, gain: 0.1 }));
  return learner.push({ data, channels: 2, start: 0, rate: 10, time: 0 }).score;
}

test('a channel that has become constant does not dominate the others, however its variance decays', () => {
  const { nmse, skill } = scoreOf((t) => (t % 7 === 0 ? 1000 : 0));
  expect(nmse).toBeLessThan(1);
  expect(skill).toBeGreaterThan(-0.5);
});

test('if no channel changes, the error is NaN; a channel that changes keeps its bits', () => {
  const whole = new RunningErrors(1, 0);
  const recent = new RunningErrors(1, 0.1);
  const add = (target: number) => {
    const sums = new ErrorSums(1, 4);
    sums.count = 1;
    sums.loss = sums.emittedLoss = 0.5;
    sums.reference[0] = target;
    sums.squares.set([0.5, 1, 1, 1]);
    for (const errors of [whole, recent]) errors.add(sums);
  };
  for (const target of noise(4, 200)) add(target);
  expect(recent.get(whole)).toEqual(recent.get());
  for (let t = 0; t < 200; t++) add(0);
  expect(recent.get().nmse).toBeGreaterThan(1e3);
  expect(recent.get(whole)).toMatchObject({ nmse: NaN, skill: NaN, rms: expect.closeTo(Math.sqrt(0.5), 9) as number });
});

test('equals the definition: exponential means of whole groups of frames, and exact means at first', () => {
  const channels = 2;
  for (const [lead, missing] of [
    [1, -1],
    [5, -1],
    [1, 300],
    [0, -1],
  ]) {
    const frames = 777;
    const [x, y] = [noise(1, frames * channels), noise(2, frames * channels)];
    const score = new ForecastScore({ channels, lead, rate: 0, powerLine: 50 });
    const targets = new FrameHistory(channels, 64);
    const sums = { squares: [0, 0], persisted: [0, 0], average: [0, 0] };
    let count = 0;
    for (let t = 0; t < frames; t++) {
      targets.push(x, t * channels, t === missing ? 0 : 1);
      const [last, known] = [t - lead, (k: number) => k >= 0 && k !== missing];
      if (t === missing) continue;
      const prediction = y.subarray(t * channels, (t + 1) * channels);
      score.add(prediction, targets, t, { loss: 1 });
      if (lead > 0 && !known(last)) continue;
      count++;
      const complete = Array.from({ length: 8 }, (_, i) => last - i).every(known);
      for (let c = 0; c < channels; c++) {
        const at = (k: number) => x[k * channels + c];
        const before = Array.from({ length: 8 }, (_, i) => (complete ? at(last - i) : 0));
        const mean = complete ? before.reduce((sum, sample) => sum + sample, 0) / 8 : at(last);
        sums.squares[c] += (at(t) - prediction[c]) ** 2;
        sums.persisted[c] += (at(t) - at(last)) ** 2;
        sums.average[c] += (at(t) - mean) ** 2;
      }
    }
    const variance = Array.from({ length: channels }, (_, c) => {
      const seen = Array.from({ length: frames }, (__, t) => t)
        .filter((t) => t !== missing && (lead === 0 || (t - lead >= 0 && t - lead !== missing)))
        .map((t) => x[t * channels + c]);
      const mean = seen.reduce((sum, sample) => sum + sample, 0) / seen.length;
      return seen.reduce((sum, sample) => sum + (sample - mean) ** 2, 0) / seen.length;
    });
    const share = (errors: number[]) =>
      errors.reduce((sum, error, c) => sum + error / count / variance[c], 0) / channels;
    const { overall } = score.get();
    expect(score.get().frames).toBe(count);
    expect(overall.nmse).toBeCloseTo(share(sums.squares), 9);
    if (lead === 0) continue;
    expect(overall.persistence).toBeCloseTo(share(sums.persisted), 9);
    expect(overall.movingAverage).toBeCloseTo(share(sums.average), 9);
  }
});

test('the power-line baseline predicts a sine of the power-line frequency on a constant, over any horizon', () => {
  for (const lead of [1, 2, 7, 40]) {
    const score = new ForecastScore({ channels: 1, lead, rate: 250, powerLine: 50 });
    const targets = new FrameHistory(1, 64);
    for (let t = 0; t < 500; t++) {
      targets.push([3 + Math.sin((2 * Math.PI * 50 * t) / 250)], 0, 1);
      if (t >= 60) score.add(Float32Array.of(0), targets, t, { loss: 1 });
    }
    expect(score.get().overall.powerLine).toBeLessThan(1e-9);
  }
});
