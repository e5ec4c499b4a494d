import { expect, test } from 'vitest';
import { Learner } from '../../../src/core/learning/learner.ts';
import { Network } from '../../../src/core/network/network.ts';
import { Standardizer } from '../../../src/core/filters/standardizer.ts';
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
    for (const errors of [whole, recent]) errors.add([target], 0, Float64Array.of(0.5, 1, 1, 1), 0.5);
  };
  for (const target of noise(4, 200)) add(target);
  expect(recent.get(whole)).toEqual(recent.get());
  for (let t = 0; t < 200; t++) add(0);
  expect(recent.get().nmse).toBeGreaterThan(1e3);
  expect(recent.get(whole)).toMatchObject({ nmse: NaN, skill: NaN, rms: expect.closeTo(Math.sqrt(0.5), 9) as number });
});
