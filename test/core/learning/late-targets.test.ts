import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Learner } from '../../../src/core/learning/learner.ts';
import { Network } from '../../../src/core/network/network.ts';
import { noise } from '../network/random-networks.ts';

const network = (): Network =>
  Network.create({ inChannels: 1, layers: [{ type: 'conv1d', outChannels: 1, kernelSize: 2 }] });
const block = (start: number, frames: number) => ({
  ...{ data: noise(1 + start, frames), channels: 1, start, rate: 100, time: 0 },
});

test('the targets that arrive more than maxDelay frames after their frames are counted, however they are split into blocks', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 20 }),
      fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 40 }),
      (maxDelay, sizes, arrived) => {
        const learner = new Learner(network(), { task: 'target', maxDelay });
        learner.push(block(0, arrived));
        let [start, count] = [0, 0];
        for (const size of sizes) {
          learner.teach(block(start, size));
          for (let t = start; t < start + size; t++) if (arrived - 1 - t > maxDelay) count++;
          start += size;
        }
        const { late } = learner;
        expect([late.count, late.maxDelay]).toEqual([count, maxDelay]);
        expect(late.delay).toBe(count > 0 ? arrived - 1 : 0);
        learner.close();
      },
    ),
  );
});

test('frames whose targets were counted are not trained', () => {
  const learner = new Learner(network(), { task: 'target', maxDelay: 3 });
  learner.push(block(0, 20));
  learner.teach(block(0, 20));
  expect(learner.late).toMatchObject({ count: 16, delay: 19, maxDelay: 3 });
  const { skipped } = learner.push(block(20, 1));
  expect(skipped.late).toBe(16 - skipped.gap);
  learner.close();
});
