import { of } from 'rxjs';
import { describe, expect, test } from 'vitest';
import { block, Detector, Learner, Network, random, type NetworkSpec } from '../src/index.ts';
import { alarmOptions } from '../src/core/alarms/alarm-options.ts';
import { alarms, connect, lift } from '../src/operators/index.ts';
import { EegSimulator } from '../src/sources/index.ts';

const spec: NetworkSpec = { inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 4 }] };

/** One channel of noise with a 50 Hz or 60 Hz sine, at 250 Hz. */
function hum(hz: number) {
  const noise = random(1);
  const samples = Array.from(
    { length: 2000 },
    (_, t) => Math.sin((2 * Math.PI * hz * t) / 250) + 0.01 * noise.normal(),
  );
  return block(samples, { channels: 1, rate: 250 });
}

describe('old names keep working for one version', () => {
  test('mains of a learner, of its score, and of the simulated headset', () => {
    const score = (options: object) => new Learner(Network.create(spec), options).push(hum(60)).score.overall;
    expect(score({ mains: 60 })).toEqual(score({ powerLine: 60 }));
    expect(score({ mains: 60 }).mains).toBeLessThan(0.1);
    expect(score({}).powerLine).toBeGreaterThan(0.1);
    const eeg = (options: object) => new EegSimulator({ seed: 3, ...options }).next(50).eeg.data;
    expect(eeg({ mains: 60 })).toEqual(eeg({ powerLine: 60 }));
    expect(eeg({})).toEqual(eeg({ powerLine: 50 }));
  });

  test('silent of Network.create', () => {
    const [old, renamed] = [{ silent: true }, { zeroOutput: true }].map((option) => Network.create(spec, option));
    expect(old.weights()).toEqual(renamed.weights());
    expect(old.weights()['layers.0.weight'].data.every((w) => w === 0)).toBe(true);
  });

  test('rest of a processor', () => {
    const calls: string[] = [];
    const operator = lift<number, number>(() => ({
      push: (value) => {
        calls.push(`push ${value}`);
        return [value];
      },
      rest: () => void calls.push('rest'),
    }));
    of(1, 2)
      .pipe(operator)
      .subscribe((value) => calls.push(`out ${value}`));
    expect(calls).toEqual(['push 1', 'out 1', 'rest', 'push 2', 'out 2', 'rest']);
  });

  test('dead and worn of a detector', () => {
    const detector = new Detector(1, 10, { falseAlarms: '1/hour' });
    const noise = random(2);
    detector.push(
      block(
        Array.from({ length: 3000 }, () => noise.normal()),
        { channels: 1, rate: 10 },
      ),
    );
    detector.push(block(new Float32Array(3000), { channels: 1, rate: 10, start: 3000 }));
    expect(detector.flatlined).toHaveLength(1);
    expect(detector.dead).toEqual(detector.flatlined);
    expect(detector.worn).toEqual(detector.drifted);
  });

  test.each([
    ['least', 'onDelay', 2000],
    ['calm', 'offDelay', 3000],
    ['together', 'groupWithin', 1000],
  ] as const)('%s of alarms, now %s', (alias, name, ms) => {
    expect(alarmOptions({ [alias]: ms })).toEqual(alarmOptions({ [name]: ms }));
    expect(alarmOptions({ [alias]: ms })).toMatchObject({ [name]: ms });
    expect(() => alarms({ [alias]: ms, [name]: ms })).toThrow(
      new TypeError(`${name} and ${alias} must not both be given; ${alias} is the deprecated name of ${name}`),
    );
  });
});

test('an option must not be given under its old and its new name', () => {
  const frequencies = { powerLine: 60, mains: 60 } as const;
  const sentence = 'powerLine and mains must not both be given; mains is the deprecated name of powerLine';
  expect(() => new Learner(Network.create(spec), frequencies)).toThrow(new TypeError(sentence));
  expect(() => new EegSimulator(frequencies)).toThrow(new TypeError(sentence));
  expect(() => Network.create(spec, { zeroOutput: true, silent: true })).toThrow(
    'zeroOutput and silent must not both be given',
  );
  const ages = { parse: () => undefined, staleAfter: 1000, silence: 1000 };
  expect(() => connect('ws://localhost', ages)).toThrow('staleAfter and silence must not both be given');
});
