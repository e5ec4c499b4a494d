/**
 * Which of three flickering lights somebody looks at (SSVEP), told from 2, 3 and 4 s of each trial by kernels that listen at
 * the lights' frequencies and their second harmonics, and that learn, trial by trial, where on the head to listen:
 *
 *     high-pass → whitener → spatial kernels (8 → 8, one tap, learned)
 *               → quadrature pairs as long as the window, on each → square → sum → log → against the last minute → softmax
 *
 * One pass; each trial is told before it is learned. The pairs are Gabor's, untrained, the spatial kernels begin as the
 * identity. Only these learn, from the trials with a light, by gradients that stream back through all the rest. Beside it
 * CCA (Z. Lin and others, "Frequency recognition based on canonical correlation analysis for SSVEP-based BCIs", 2006).
 *
 *     npx tsx examples/14-ssvep.ts FILE [--sensitivity]
 *
 * The figures in docs/eeg.md are of this public file (CC0):
 *     github.com/sylvchev/dataset-ssvep-exoskeleton at commit faf331c, subject01, 2012.07.06 19:02:16
 */
import { from } from 'rxjs';
import { butterworthHighPass, gabor, Network, sgd, Whitener } from 'tapline';
import { fillGaps, iir, standardize } from 'tapline/operators';
import { readRecordingFile } from 'tapline/sources/node';

const [, , file, flag] = process.argv;
if (file === undefined) {
  console.error('FILE must be a recording: npx tsx examples/14-ssvep.ts FILE [--sensitivity]');
  process.exit(2);
}
const lights = [13, 21, 17];
const rest = lights.length;
const kinds: Record<string, number> = { '0x8101': 0, '0x8102': 1, '0x8103': 2, '0x8100': rest };
const stride = 8; // frames from answer to answer
const memory = 60; // seconds that tell what is usual
const settings = {
  delay: 0.5, // seconds from the light to the window
  harmonics: 2,
  highPass: 7, // Hz
  whiten: true,
  /** Of the pairs' bandwidth, in 1 / window: 1.2 is that of the bare window, 2 that of Hann's. */
  width: 1.2,
  /** Step of the spatial kernels; 0: nothing is learned. */
  learningRate: 0.1,
};
type Settings = typeof settings;

const recording = await readRecordingFile(file);
const { rate, frames } = recording;
const channels = recording.channels.length;
const trials: { kind: number; start: number; end: number }[] = [];
let cued = rest;
for (const { label, at } of recording.marks ?? []) {
  cued = kinds[label] ?? cued;
  if (label === '0x800b') trials.push({ kind: cued, start: at, end: at });
  else if (label === '0x800c') trials[trials.length - 1].end = at;
}
const isLit = (trial: number) => trials[trial].kind !== rest;

/** The whole stream, [frames, channels], each frame by what came before it. */
function prepare({ highPass, whiten }: Settings): Float32Array {
  const whitener = new Whitener({ channels, frames: memory * rate });
  const x = new Float32Array(frames * channels);
  from(recording.blocks)
    .pipe(fillGaps(), standardize({ tau: memory }), iir(butterworthHighPass(highPass, { rate })))
    .subscribe(({ data, start, valid }) => x.set(whiten ? whitener.push(data, valid) : data, start * channels));
  return x;
}

function tensor(shape: number[], numberAt: (i: number) => number): { shape: number[]; data: Float32Array } {
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, data: Float32Array.from({ length }, (_, i) => numberAt(i)) };
}

function spatialKernels(): Network {
  const weights = { 'layers.0.weight': tensor([channels, 1, channels], (i) => (i % (channels + 1) === 0 ? 1 : 0)) };
  const layer = { type: 'conv1d', outChannels: channels, kernelSize: 1, bias: false } as const;
  return Network.create({ inChannels: channels, layers: [layer] }, { weights });
}

/** Listens for `seconds` and answers how likely each light is, and rest: [kind]. */
function listener(seconds: number, { harmonics, width }: Settings): Network {
  const taps = Math.round(seconds * rate);
  const tones = lights.flatMap((hz) => Array.from({ length: harmonics }, (_, h) => (h + 1) * hz));
  const pairs = tones.flatMap((hz) => {
    const { cos, sin } = gabor(hz, { rate, taps, bandwidthHz: width / seconds });
    const size = Math.sqrt(cos.reduce((sum, tap) => sum + tap * tap, 0));
    return [cos.map((tap) => tap / size), sin.map((tap) => tap / size)];
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
        // rest, unless the tones of a light are together one spread above what is usual
        'layers.5.bias': tensor([rest + 1], (k) => (k === rest ? 1 : 0)),
      },
    },
  );
}

/** How every trial was answered from `seconds` of it, before it was learned: [trial][kind]. */
function answers(x: Float32Array, seconds: number, chosen: Settings): Float32Array[] {
  const kernels = spatialKernels();
  const [spatial, listening] = [kernels, listener(seconds, chosen)].map((network) =>
    network.stream({ gradients: true, maxPending: frames }),
  );
  const optimizer = chosen.learningRate > 0 ? sgd({ learningRate: chosen.learningRate }) : null;
  let at = 0;
  /** Answers that have no gradient yet. */
  let open: Float32Array[] = [];
  const push = (to: number) => {
    const mixed = spatial.push(x.subarray(at * channels, to * channels));
    const out = listening.push(mixed, spatial.valid);
    for (let i = 0; i < out.length; i += rest + 1) open.push(out.subarray(i, i + rest + 1));
    at = to;
  };
  return trials.map(({ kind, start, end }) => {
    push(start + Math.round((chosen.delay + seconds) * rate));
    const first = open.length - 1;
    const answer = open[first];
    push(end);
    // of the mean -ln p over every answer that heard nothing but the light
    const gradient = open.map(
      (p, i) =>
        tensor([rest + 1], (k) => {
          return i >= first && k === kind && kind !== rest ? -1 / (Math.max(p[k], 1e-4) * (open.length - first)) : 0;
        }).data,
    );
    spatial.backward(listening.backward(gradient.flatMap((each) => [...each])));
    open = [];
    optimizer?.step(kernels, spatial);
    return answer;
  });
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, each, i) => sum + each * b[i], 0);
const unit = (a: Float64Array) => {
  const length = Math.sqrt(dot(a, a));
  return a.map((each) => each / length);
};

/** The columns without their means, at right angles to each other, of length 1 (Gram and Schmidt). */
function orthonormal(columns: Float64Array[]): Float64Array[] {
  const without = (a: Float64Array, size: number, b: Float64Array) => a.map((each, i) => each - size * b[i]);
  return columns.reduce<Float64Array[]>((done, column) => {
    const ones = unit(column.map(() => 1));
    return [...done, unit([ones, ...done].reduce((left, u) => without(left, dot(left, u), u), column))];
  }, []);
}

/** The greatest correlation between mixtures of channels and mixtures of waves: M's greatest singular value. */
function canonicalCorrelation(signal: Float64Array[], waves: Float64Array[]): number {
  const [xs, ys] = [orthonormal(signal), orthonormal(waves)];
  const m = ys.map((y) => Float64Array.from(xs, (x) => dot(x, y)));
  const along = (v: Float64Array) => Float64Array.from(m, (row) => dot(row, v));
  let v = unit(new Float64Array(channels).fill(1));
  for (let i = 0; i < 100; i++) {
    const u = along(v);
    v = unit(v.map((_, c) => m.reduce((sum, row, j) => sum + u[j] * row[c], 0)));
  }
  return Math.sqrt(dot(along(v), along(v)));
}

/** CCA's answer to every trial: [trial][light]. */
function correlations(x: Float32Array, seconds: number, { delay, harmonics }: Settings): Float64Array[] {
  const length = Math.round(seconds * rate);
  const wave = (hz: number, phase: number) =>
    Float64Array.from({ length }, (_, t) => Math.sin((2 * Math.PI * hz * t) / rate + phase));
  const waves = lights.map((hz) =>
    Array.from({ length: 2 * harmonics }, (_, i) => wave(hz * (1 + (i >> 1)), (i % 2) * (Math.PI / 2))),
  );
  return trials.map(({ start }) => {
    const begin = start + Math.round(delay * rate);
    const samples = (c: number) => Float64Array.from({ length }, (_, t) => x[(begin + t) * channels + c]);
    const signal = Array.from({ length: channels }, (_, c) => samples(c));
    return Float64Array.from(waves, (each) => canonicalCorrelation(signal, each));
  });
}

const windows = [2, 3, 4];
const print = (name: string, ...cells: (string | number)[]) => {
  console.log(name.padEnd(32) + cells.map((cell) => String(cell).padStart(6)).join(''));
};
/** How many trials were answered rightly; `of` lights alone, or of lights and rest. */
const right = (told: ArrayLike<number>[], of: 'lights' | 'all') =>
  told.filter((answer, i) => {
    const among = Array.from(answer).slice(0, of === 'all' ? rest + 1 : rest);
    return (of === 'all' || isLit(i)) && among.indexOf(Math.max(...among)) === trials[i].kind;
  }).length;
/** Mean surprise at the right light, given that there is one; guessing: log2 3 = 1.58 bits. */
const surprise = (told: Float32Array[]) => {
  const bits = told.flatMap((p, i) => (isLit(i) ? [-Math.log2(p[trials[i].kind] / (p[0] + p[1] + p[2]))] : []));
  return (bits.reduce((sum, each) => sum + each, 0) / bits.length).toFixed(2);
};

function byCca(name: string, change: Partial<Settings>): void {
  const chosen = { ...settings, ...change };
  const x = prepare({ ...chosen, whiten: false });
  print(name, ...windows.map((seconds) => right(correlations(x, seconds, chosen), 'lights')));
}

function byKernels(name: string, change: Partial<Settings>): void {
  const chosen = { ...settings, ...change };
  const x = prepare(chosen);
  const told = windows.map((seconds) => answers(x, seconds, chosen));
  const rights = (['lights', 'all'] as const).flatMap((of) => told.map((each) => right(each, of)));
  print(name, ...rights, ...told.map(surprise));
}

const lit = trials.filter((_, i) => isLit(i)).length;
const head = (text: string) => {
  console.log(
    `\n${text.padEnd(32)}${`right of ${lit}`.padStart(18)}${`of ${trials.length}, with rest`.padStart(18)}${'bits'.padStart(18)}`,
  );
  print('', ...windows, ...windows, ...windows);
};
console.log(`${lit} trials with a light, ${trials.length - lit} without; ${channels} channels at ${rate} Hz`);
for (const delay of [0.5, 0.14]) {
  head(`seconds, from ${delay} s on`);
  byCca('CCA', { delay });
  byKernels('quadrature pairs', { delay, learningRate: 0, whiten: false });
  byKernels('  whitened', { delay, learningRate: 0 });
  byKernels('  and spatial kernels learned', { delay });
}
if (flag === '--sensitivity') {
  head('seconds, from 0.5 s on, with');
  for (const harmonics of [1, 3]) byCca(`CCA, harmonics ${harmonics}`, { harmonics });
  for (const highPass of [1, 4]) byCca(`CCA, high-pass ${highPass} Hz`, { highPass });
  for (const harmonics of [1, 3]) byKernels(`harmonics ${harmonics}`, { harmonics });
  for (const highPass of [1, 4]) byKernels(`high-pass ${highPass} Hz`, { highPass });
  for (const width of [1.5, 2]) byKernels(`width ${width}`, { width });
  for (const step of [0.03, 0.3]) byKernels(`rate ${step}`, { learningRate: step });
}
