import { expect, test } from 'vitest';
import { Learner } from '../../../src/core/learning/learner.ts';
import { Network } from '../../../src/core/network/network.ts';
import { Standardizer } from '../../../src/core/filters/standardizer.ts';
import { RunningErrors } from '../../../src/core/learning/forecast-score.ts';
import { noise } from '../network/random-networks.ts';

/** The score of a learner of two channels at 10 Hz, of which the second has bursts in the first 10 s only. */
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

test('a channel that has come to rest does not drown the others, however its spread fades', () => {
  const { nmse, skill } = scoreOf((t) => (t % 7 === 0 ? 1000 : 0));
  expect(nmse).toBeLessThan(1);
  expect(skill).toBeGreaterThan(-0.5);
});

test('where no channel moves there is no error to tell, and a channel that moves keeps its bits', () => {
  const whole = new RunningErrors(1, 0);
  const lately = new RunningErrors(1, 0.1);
  const add = (truth: number) => {
    for (const tally of [whole, lately]) tally.add([truth], 0, Float64Array.of(0.5, 1, 1, 1), 0.5);
  };
  for (const truth of noise(4, 200)) add(truth);
  expect(lately.get(whole)).toEqual(lately.get());
  for (let t = 0; t < 200; t++) add(0);
  expect(lately.get().nmse).toBeGreaterThan(1e3);
  expect(lately.get(whole)).toMatchObject({ nmse: NaN, skill: NaN, rms: expect.closeTo(Math.sqrt(0.5), 9) as number });
});
