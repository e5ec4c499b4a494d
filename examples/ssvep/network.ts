import { butterworthHighPass, gabor, Network, sgd } from 'tapline';
import type { Window } from './baselines.ts';
import { lights, memory, preprocess, rest, type Session } from './trials.ts';

/** Settings of the network. */
export const settings = {
  harmonics: 2,
  highPass: 7, // Hz
  whiten: true,
  /** Bandwidth of the quadrature pairs in 1 / window: 1.2 is a rectangular window, 2 a Hann window. */
  width: 1.2,
  /** Learning rate of the spatial kernels; 0: no learning. */
  learningRate: 0.1,
};
export type Settings = typeof settings;

const stride = 8; // frames between two outputs

function tensor(shape: number[], valueAt: (i: number) => number): { shape: number[]; data: Float32Array } {
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, data: Float32Array.from({ length }, (_, i) => valueAt(i)) };
}

function spatialKernels(channels: number): Network {
  const weights = { 'layers.0.weight': tensor([channels, 1, channels], (i) => (i % (channels + 1) === 0 ? 1 : 0)) };
  const layer = { type: 'conv1d', outChannels: channels, kernelSize: 1, bias: false } as const;
  return Network.create({ inChannels: channels, layers: [layer] }, { weights });
}

/** Classifies a window of `seconds`: the probability of each light and of rest, [kind]. */
function classifier({ rate, channels }: Session, seconds: number, { harmonics, width }: Settings): Network {
  const taps = Math.round(seconds * rate);
  const tones = lights.flatMap((hz) => Array.from({ length: harmonics }, (_, h) => (h + 1) * hz));
  const pairs = tones.flatMap((hz) => {
    const { cos, sin } = gabor(hz, { rate, taps, bandwidthHz: width / seconds });
    const norm = Math.sqrt(cos.reduce((sum, tap) => sum + tap * tap, 0));
    return [cos.map((tap) => tap / norm), sin.map((tap) => tap / norm)];
  });
  const rows = channels * pairs.length;
  const pairAt = (row: number) => row % pairs.length;
  return Network.create(
    {
      inChannels: channels,
      layers: [
        { type: 'conv1d', outChannels: rows, kernelSize: taps, stride, groups: channels, bias: false },
        { type: 'square' },
        { type: 'conv1d', outChannels: tones.length, kernelSize: 1, bias: false },
        { type: 'log' },
        { type: 'norm', kind: 'running', tau: (memory * rate) / stride },
        { type: 'conv1d', outChannels: rest + 1, kernelSize: 1 },
        { type: 'softmax' },
      ],
    },
    {
      weights: {
        'layers.0.weight': tensor([rows, taps, 1], (i) => pairs[pairAt(Math.floor(i / taps))][i % taps]),
        'layers.2.weight': tensor([tones.length, 1, rows], (i) =>
          pairAt(i % rows) >> 1 === Math.floor(i / rows) ? 1 / (2 * channels) : 0,
        ),
        'layers.5.weight': tensor([rest + 1, 1, tones.length], (i) =>
          Math.floor((i % tones.length) / harmonics) === Math.floor(i / tones.length) ? 1 : 0,
        ),
        // predict rest, unless the tones of a light are together one standard deviation above their mean
        'layers.5.bias': tensor([rest + 1], (k) => (k === rest ? 1 : 0)),
      },
    },
  );
}

/** Classifies every trial from its window, before training on it: [trial][kind]. */
export function classify(session: Session, { seconds, delay }: Window, chosen: Settings): Float32Array[] {
  const { rate, frames, channels, trials } = session;
  const filters = [butterworthHighPass(chosen.highPass, { rate })];
  const x = preprocess(session, filters, { whiten: chosen.whiten });
  const kernels = spatialKernels(channels);
  const [spatial, temporal] = [kernels, classifier(session, seconds, chosen)].map((network) =>
    network.stream({ gradients: true, maxPending: frames }),
  );
  const optimizer = chosen.learningRate > 0 ? sgd({ learningRate: chosen.learningRate }) : null;
  let at = 0;
  /** Outputs without a gradient so far. */
  let pending: Float32Array[] = [];
  const push = (to: number) => {
    const mixed = spatial.push(x.subarray(at * channels, to * channels));
    const out = temporal.push(mixed, spatial.valid);
    for (let i = 0; i < out.length; i += rest + 1) pending.push(out.subarray(i, i + rest + 1));
    at = to;
  };
  return trials.map(({ kind, start, end }) => {
    push(start + Math.round((delay + seconds) * rate));
    const first = pending.length - 1;
    const answer = pending[first];
    push(end);
    // the gradient of the mean of -ln p over all outputs whose window is within the light
    const gradient = pending.map(
      (p, i) =>
        tensor([rest + 1], (k) => {
          return i >= first && k === kind && kind !== rest ? -1 / (Math.max(p[k], 1e-4) * (pending.length - first)) : 0;
        }).data,
    );
    spatial.backward(temporal.backward(gradient.flatMap((each) => [...each])));
    pending = [];
    optimizer?.step(kernels, spatial);
    return answer;
  });
}
