import { describe, expect, test } from 'vitest';
import {
  registerLayer,
  Learner,
  Network,
  plan,
  random,
  sgd,
  type CustomSpec,
  type LayerDefinition,
  type NetworkSpec,
} from '../../../src/index.ts';
import { verifyLayer } from '../../../src/testing/index.ts';

interface MedianSpec extends CustomSpec {
  type: 'test/median';
  kernelSize: number;
  stride?: number;
  dilation?: number;
  mode?: 'causal' | 'same';
}

/** A running median per channel: the gradient goes to the sample that is the median. */
const median: LayerDefinition<MedianSpec> = {
  fields: ['kernelSize', 'stride', 'dilation', 'mode'],
  build({ kernelSize, stride, dilation, mode }, channels) {
    const middle = (x: Float32Array, channel: number) => {
      const taps = Array.from({ length: kernelSize }, (_, tap) => tap * channels + channel);
      return taps.sort((a, b) => x[a] - x[b] || a - b)[kernelSize >> 1];
    };
    return {
      outChannels: channels,
      window: { kernelSize, stride, dilation, mode, padding: 'edge' },
      forward(x, y) {
        for (let c = 0; c < channels; c++) y[c] = x[middle(x, c)];
      },
      backward(x, gradY, gradX) {
        for (let c = 0; c < channels; c++) gradX[middle(x, c)] += gradY[c];
      },
    };
  },
};
registerLayer('test/median', median);

/** A convolution written as a window function, with kernels [out, tap, in] whose tap 0 applies to the newest frame. */
registerLayer<CustomSpec & { outChannels: number; kernelSize: number }>('test/convolution', {
  fields: ['outChannels', 'kernelSize'],
  build({ outChannels, kernelSize }, inChannels) {
    const fanIn = kernelSize * inChannels;
    return {
      outChannels,
      window: { kernelSize },
      parameters: [
        {
          name: 'weight',
          shape: [outChannels, kernelSize, inChannels],
          start: { fanIn, fanOut: fanIn, rectified: false },
        },
        { name: 'bias', shape: [outChannels], start: 0 },
      ],
      forward(x, y, [weight, bias]) {
        for (let o = 0; o < outChannels; o++) {
          let sum = bias[o];
          for (let tap = 0; tap < kernelSize; tap++)
            for (let c = 0; c < inChannels; c++)
              sum += weight[(o * kernelSize + tap) * inChannels + c] * x[(kernelSize - 1 - tap) * inChannels + c];
          y[o] = sum;
        }
      },
      backward(x, gradY, gradX, [weight], [gradWeight, gradBias]) {
        for (let o = 0; o < outChannels; o++) {
          gradBias[o] += gradY[o];
          for (let tap = 0; tap < kernelSize; tap++)
            for (let c = 0; c < inChannels; c++) {
              const [w, i] = [(o * kernelSize + tap) * inChannels + c, (kernelSize - 1 - tap) * inChannels + c];
              gradWeight[w] += gradY[o] * x[i];
              gradX[i] += gradY[o] * weight[w];
            }
        }
      },
    };
  },
});

/** Number of the next wrong layer. */
let wrong = 0;

const noise = (count: number, seed = 1): Float32Array => {
  const chance = random(seed);
  return Float32Array.from({ length: count }, () => chance.normal());
};

describe('a registered layer', () => {
  test.each<[string, NetworkSpec, number]>([
    ['alone', { inChannels: 2, layers: [{ type: 'test/median', kernelSize: 5 }] }, 5],
    [
      'with stride and dilation',
      { inChannels: 2, layers: [{ type: 'test/median', kernelSize: 3, stride: 2, dilation: 2 }] },
      5,
    ],
    ['with weights', { inChannels: 2, layers: [{ type: 'test/convolution', outChannels: 3, kernelSize: 4 }] }, 4],
    [
      'between other layers',
      {
        inChannels: 2,
        layers: [
          { type: 'conv1d', outChannels: 3, kernelSize: 3 },
          { type: 'test/convolution', outChannels: 3, kernelSize: 2 },
          { type: 'tanh' },
        ],
      },
      4,
    ],
    [
      'inside a residual',
      {
        inChannels: 2,
        layers: [{ type: 'residual', layers: [{ type: 'test/convolution', outChannels: 2, kernelSize: 3 }] }],
      },
      3,
    ],
  ])('passes the contract tests %s', (_, spec, receptiveField) => {
    verifyLayer(Network.create(spec), { receptiveField });
  });

  test('equals the built-in layer that computes the same', () => {
    const layer = { outChannels: 4, kernelSize: 5 };
    const built = Network.create({ inChannels: 3, layers: [{ type: 'conv1d', ...layer }] }, { seed: 2 });
    const own = Network.create(
      { inChannels: 3, layers: [{ type: 'test/convolution', ...layer }] },
      { weights: built.weights() },
    );
    const x = noise(60);
    const [expected, got] = [built.apply(x), own.apply(x)];
    expect(got.length).toBe(expected.length);
    got.forEach((sample, i) => expect(sample).toBeCloseTo(expected[i], 5));
    const gradients = [built, own].map((network) => {
      const stream = network.stream({ gradients: true });
      stream.push(x);
      const dx = [...stream.backward(noise(80, 3)), ...stream.flushGradient()];
      return [...dx, ...Object.values(stream.gradients()).flatMap(({ data }) => [...data])];
    });
    gradients[1].forEach((slope, i) => expect(slope).toBeCloseTo(gradients[0][i], 4));
  });

  test('learns, and is saved with its spec and restored', () => {
    const spec: NetworkSpec = { inChannels: 1, layers: [{ type: 'test/convolution', outChannels: 1, kernelSize: 2 }] };
    const learner = new Learner(Network.create(spec), { optimizer: sgd({ rate: 0.05 }) });
    const data = Float32Array.from({ length: 2000 }, (_, t) => Math.sin(t / 3));
    const { score } = learner.push({ data, channels: 1, start: 0, rate: 100, time: 0 });
    expect(score.nmse).toBeLessThan(0.05);
    const network = learner.network;
    const loaded = Network.load(network.save());
    expect(loaded.weights()).toEqual(network.weights());
    expect(Network.load(network.save({ torch: true }), spec).weights()).toEqual(network.weights());
    const x = noise(40);
    expect(loaded.apply(x)).toEqual(network.apply(x));
    const stream = network.stream();
    stream.push(x.subarray(0, 21));
    const resumed = network.restore(stream.save());
    expect(resumed.push(x.subarray(21))).toEqual(stream.push(x.subarray(21)));
  });

  test('is planned with its shape, receptive field and cost', () => {
    const { layers, receptiveField } = plan({ inChannels: 2, layers: [{ type: 'test/median', kernelSize: 5 }] }, 100);
    expect(receptiveField).toBe(5);
    expect(layers[0]).toMatchObject({ type: 'test/median', outChannels: 2 });
  });

  test('sees only finite windows: outputs whose window includes NaN are NaN, and NaN gradients reach no weight', () => {
    const network = Network.create({ inChannels: 1, layers: [{ type: 'test/median', kernelSize: 3 }] });
    expect([...network.stream().push([1, 2, NaN, 4, 5, 6])]).toEqual([1, 1, NaN, NaN, NaN, 5]);
    registerLayer('test/nan', {
      build: () => ({
        outChannels: 1,
        parameters: [{ name: 'weight', shape: [1], start: 1 }],
        forward: (x, y, [w]) => {
          y[0] = x[0] * w[0];
        },
        backward: (_x, _gradY, gradX, _weights, [gradient]) => {
          gradX[0] = NaN;
          gradient[0] = NaN;
        },
      }),
    });
    const stream = Network.create({ inChannels: 1, layers: [{ type: 'test/nan' }] }).stream({ gradients: true });
    stream.push([1, 2]);
    expect([...stream.backward([1, 1])]).toEqual([0, 0]);
    expect([...stream.gradients()['layers.0.weight'].data]).toEqual([0]);
  });

  test('is rejected with the name of what is wrong', () => {
    expect(() => registerLayer('median' as 'a/b', median as never)).toThrow(
      "type must be a name with a namespace, such as 'acme/median', got 'median'",
    );
    expect(() => registerLayer('test/median', { ...median })).toThrow(
      "type must be a name that is not registered yet, got 'test/median'",
    );
    const create = (layer: CustomSpec) => () => Network.create({ inChannels: 1, layers: [layer] });
    expect(create({ type: 'test/absent' })).toThrow(
      /^layers\[0\]\.type must be one of the layers registered with registerLayer \(.*test\/median.*\), got 'test\/absent'$/,
    );
    expect(create({ type: 'test/median', kernelSize: 3, size: 3 })).toThrow(
      "layers[0]: field of test/median must be one of kernelSize, stride, dilation, mode, got 'size'",
    );
    expect(create({ type: 'test/median', kernelSize: 0 })).toThrow('kernelSize must be an integer >= 1, got 0');
    registerLayer('test/forward', { build: () => ({ outChannels: 1, forward: (x, y) => y.set(x) }) });
    const forward = create({ type: 'test/forward' })();
    expect([...forward.apply([1, 2])]).toEqual([1, 2]);
    expect(() => forward.stream({ gradients: true })).toThrow(
      'backward of test/forward must be a function, because the stream keeps gradients, got undefined',
    );
  });
});

describe('a registered layer in a stream', () => {
  test('starts with the first frame repeated if the stream is prewarmed, like every layer', () => {
    const spec: NetworkSpec = { inChannels: 1, layers: [{ type: 'test/convolution', outChannels: 1, kernelSize: 3 }] };
    const weights = {
      'layers.0.weight': { shape: [1, 3, 1], data: [1, 2, 3] },
      'layers.0.bias': { shape: [1], data: [5] },
    };
    for (const layers of [spec.layers, [{ type: 'residual' as const, layers: spec.layers }]]) {
      const network = Network.create({ ...spec, layers }, layers === spec.layers ? { weights } : {});
      const y = network.stream({ prewarm: true }).push([1, 1, 1, 1]);
      expect([...y]).toEqual(new Array(4).fill(y[3]));
    }
    expect([...Network.create(spec, { weights }).stream({ prewarm: true }).push([1, 1])]).toEqual([11, 11]);
  });

  test('with parameters of other names goes to PyTorch and back unchanged', () => {
    registerLayer('test/slope', {
      build: (_spec, channels) => ({
        outChannels: channels,
        parameters: [{ name: 'slope', shape: [channels, 2, 3], start: 0.25 }],
        forward: (x, y, [slope]) => {
          for (let c = 0; c < channels; c++) y[c] = x[c] * slope[6 * c];
        },
      }),
    });
    const spec: NetworkSpec = { inChannels: 2, layers: [{ type: 'test/slope' }] };
    const data = Float32Array.from({ length: 12 }, (_, i) => i);
    const network = Network.create(spec, { weights: { 'layers.0.slope': { shape: [2, 2, 3], data } } });
    expect(Network.load(network.save({ torch: true }), spec).weights()).toEqual(network.weights());
  });

  test.each([
    ['nothing', undefined, 'build of test/wrong-0 must be a function that returns a WindowFunction, got undefined'],
    ['no forward', { outChannels: 1 }, 'forward of test/wrong-1 must be a function, got undefined'],
    [
      'a shape that is no shape',
      { parameters: [{ name: 'w', shape: [0.5], start: 0 }] },
      'size in the shape of w must be an integer >= 1, got 0.5',
    ],
    [
      'a parameter without a name',
      { parameters: [{ shape: [1], start: 0 }] },
      'name of a parameter of test/wrong-3 must be a word that no other parameter has, got undefined',
    ],
    [
      'two parameters of one name',
      { parameters: [0, 1].map(() => ({ name: 'w', shape: [1], start: 0 })) },
      "name of a parameter of test/wrong-4 must be a word that no other parameter has, got 'w'",
    ],
    [
      'a start that is no start',
      { parameters: [{ name: 'w', shape: [1], start: NaN }] },
      'start of w must be a finite number or { fanIn, fanOut, rectified }, got NaN',
    ],
    ['a negative cost', { macs: -1 }, 'macs must be a number >= 0, got -1'],
  ])('is rejected if build returns %s', (_, result, message) => {
    const type = `test/wrong-${wrong++}` as const;
    const forward = result && 'outChannels' in result ? {} : { outChannels: 1, forward: () => {} };
    registerLayer(type, { build: () => result && ({ ...forward, ...result } as never) } as never);
    expect(() => Network.create({ inChannels: 1, layers: [{ type }] })).toThrow(`layers[0].${message}`);
  });
});
