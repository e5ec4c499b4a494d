import { describe, expect, test } from 'vitest';
import { defaultFeed } from '../../src/server/default-feed.ts';
import type { FeedInfo } from '../../src/server/feed-spec.ts';
import { eegChannels, EegSimulator } from '../../src/sources/index.ts';
import { runNow } from '../../src/server/work-scheduler.ts';
import { localFeed } from './local-feed.ts';

const rate = 250;

/** |W(f)| of taps at `rate`, on a grid of 0.25 Hz from 0 to half the rate. */
function spectrum(taps: number[]): { hz: number; size: number }[] {
  return Array.from({ length: 2 * rate + 1 }, (_, bin) => {
    const hz = bin / 4;
    let re = 0;
    let im = 0;
    for (const [lag, tap] of taps.entries()) {
      re += tap * Math.cos((2 * Math.PI * hz * lag) / rate);
      im += tap * Math.sin((2 * Math.PI * hz * lag) / rate);
    }
    return { hz, size: Math.hypot(re, im) };
  });
}

type Kernels = { shape: readonly number[]; data: ArrayLike<number> };

/** The last outputs of the alpha learner after a number of simulated seconds. */
function learned(seed: number, seconds: number): { kernels: Kernels; rollbacks: number } {
  const truth = { name: 'headset.alpha', channels: [{ label: 'alpha', unit: 'uV' }], rate, kind: 'truth' };
  let kernels: Kernels | undefined;
  let rollbacks = NaN;
  const channels = eegChannels.map(({ label }) => ({ label, unit: 'uV' }));
  const options = { design: (info: FeedInfo) => defaultFeed(info, [truth]), monitor: () => ({ channels: 0 }) };
  const feed = localFeed('headset', { channels, rate, kind: 'eeg' }, options, (output) => {
    if (output.type === 'kernels' && output.learner === 1) kernels = output;
    if (output.type === 'loss' && output.learner === 1) rollbacks = output.rollbacks ?? NaN;
  });
  feed.setTargets([truth]);
  feed.start();
  const simulator = new EegSimulator({ seed, rate });
  // the order of the two sockets varies: every other target block arrives one block late
  const waiting = [];
  for (let block = 0; block < seconds * 25; block++) {
    const { eeg, alpha } = simulator.next(10);
    runNow(feed.receive([{ type: 'samples', ...eeg }]));
    waiting.push(alpha);
    if (block % 2)
      for (const late of waiting.splice(0)) feed.pipeline.pushTarget({ name: 'headset.alpha', run: 0 }, late);
  }
  feed.close();
  if (!kernels) throw new Error('no kernels were sent');
  return { kernels, rollbacks };
}

describe("the default feed's learner of the simulator's own alpha", () => {
  test.each([1, 2, 3, 4, 5, 6])('has kernels that are band-pass filters around 10 Hz after 20 s (seed %i)', (seed) => {
    const { kernels } = learned(seed, 20);
    const [, taps, inputs] = kernels.shape;
    for (let input = 0; input < inputs; input++) {
      const bins = spectrum(Array.from({ length: taps }, (_, tap) => kernels.data[tap * inputs + input]));
      const peak = bins.reduce((most, bin) => (bin.size > most.size ? bin : most));
      const far = bins.filter(({ hz }) => Math.abs(hz - peak.hz) > 8).map(({ size }) => size);
      expect(Math.abs(peak.hz - 10)).toBeLessThanOrEqual(1);
      expect(peak.size / Math.max(...far)).toBeGreaterThanOrEqual(1.5);
    }
  });

  test('does not treat quiet periods or jaw clenches as divergence in four minutes', () => {
    for (const seed of [1, 2, 3]) expect(learned(seed, 240).rollbacks).toBe(0);
  });
});
