import { expect, test } from 'vitest';
import { Network, registerLayer, type CustomSpec } from '../../../src/index.ts';

/** y = Σ_i w_i x, with many weights, so that the memory for their gradients does not fit. */
registerLayer<CustomSpec & { weights: number }>('test/many-weights', {
  fields: ['weights'],
  build: ({ weights }) => ({
    outChannels: 1,
    window: { kernelSize: 1 },
    parameters: [{ name: 'weight', shape: [weights], start: 1 }],
    forward(x, y, [weight]) {
      y[0] = x[0] * weight.reduce((sum, each) => sum + each, 0);
    },
    backward(x, gradY, _, __, [gradient]) {
      for (let i = 0; i < gradient.length; i++) gradient[i] += gradY[0] * x[0];
    },
  }),
});

test('the memory can grow while a stream is saved', () => {
  const streams = Array.from({ length: 60 }, (_, i) => {
    const layers = [{ type: 'conv1d' as const, outChannels: 32 + (i % 7), kernelSize: 64 }];
    return Network.create({ inChannels: 32, layers }, { seed: 1 }).stream({ gradients: true });
  });
  for (const stream of streams) expect(() => stream.save()).not.toThrow();
});

test('the memory can grow at the first gradient of a custom layer, which is kept', () => {
  const streams = Array.from({ length: 60 }, (_, i) => {
    const layers = [{ type: 'test/many-weights', weights: 50_000 + 1000 * i }];
    return Network.create({ inChannels: 1, layers } as never, { seed: 1 }).stream({ gradients: true });
  });
  const gradients = streams.map((stream) => {
    stream.push([2]);
    stream.backward([3]);
    return stream.gradients()['layers.0.weight'].data[0];
  });
  expect(gradients).toEqual(streams.map(() => 6));
});
