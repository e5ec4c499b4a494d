/**
 * The gradient is a stream too: a two-layer network runs frame by frame, each output's gradient goes back as soon as it
 * exists, and what comes out is the gradient of the whole recording, beside the reference in double precision.
 */
import { Network, random, reference, type NetworkSpec } from 'tapline';

const spec: NetworkSpec = {
  inChannels: 2,
  layers: [
    { type: 'conv1d', outChannels: 4, kernelSize: 3, dilation: 2 },
    { type: 'tanh' },
    { type: 'conv1d', outChannels: 1, kernelSize: 4, stride: 2 },
  ],
};
const network = Network.create(spec, { seed: 1 });
const noise = random(2);
const frames = 40;
const x = Float32Array.from({ length: 2 * frames }, () => noise.normal());

const stream = network.stream({ gradients: true });
const slopes: number[] = [];
const rows: number[] = [];
for (let t = 0; t < frames; t++) {
  const y = stream.push(x.subarray(2 * t, 2 * t + 2));
  slopes.push(...y);
  const final = stream.backward(y); // the loss is ½ Σ y², so ∂L/∂y = y
  rows.push(...final);
  if (t < 16) console.log(`frame ${t}: ${y.length} output, ${final.length / 2} rows of ∂L/∂x final`);
}
rows.push(...stream.flushGradient());

const whole = reference.networkGradients(spec, network.weights(), x, slopes);
const print = (name: string, streamed: ArrayLike<number>, expected: ArrayLike<number>) => {
  let worst = 0;
  for (let i = 0; i < expected.length; i++) worst = Math.max(worst, Math.abs(streamed[i] - expected[i]));
  const some = (numbers: ArrayLike<number>) =>
    Array.from({ length: 4 }, (_, i) => (numbers[i] ?? 0).toFixed(5).padStart(9)).join('');
  console.log(
    `${name}\n  streamed ${some(streamed)} …\n  whole    ${some(expected)} …   worst difference ${worst.toExponential(0)}`,
  );
};
print('∂L/∂x', rows, whole.input);
for (const [name, { data }] of Object.entries(stream.gradients()))
  print(`∂L/∂ ${name}`, data, whole.weights[name].data);
