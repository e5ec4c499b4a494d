/**
 * Computes gradients on a stream. A network with two convolutions runs frame by frame, and the gradient of each output is
 * propagated back immediately. The result equals the gradient of the whole recording, computed in double precision.
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
const gradY: number[] = [];
const rows: number[] = [];
for (let t = 0; t < frames; t++) {
  const y = stream.push(x.subarray(2 * t, 2 * t + 2));
  gradY.push(...y);
  const final = stream.backward(y); // the loss is ½ Σ y², so ∂L/∂y = y
  rows.push(...final);
  if (t < 16)
    console.log(`frame ${t}: ${y.length} output${y.length === 1 ? '' : 's'}, ${final.length / 2} final rows of ∂L/∂x`);
}
rows.push(...stream.flushGradient());

const whole = reference.networkGradients(spec, network.weights(), x, gradY);
const print = (name: string, streamed: ArrayLike<number>, expected: ArrayLike<number>) => {
  let largest = 0;
  for (let i = 0; i < expected.length; i++) largest = Math.max(largest, Math.abs(streamed[i] - expected[i]));
  const firstFour = (numbers: ArrayLike<number>) =>
    Array.from({ length: 4 }, (_, i) => (numbers[i] ?? 0).toFixed(5).padStart(9)).join('');
  console.log(
    `${name}\n  streamed ${firstFour(streamed)} …\n  whole    ${firstFour(expected)} …   largest difference ${largest.toExponential(0)}`,
  );
};
print('∂L/∂x', rows, whole.input);
for (const [name, { data }] of Object.entries(stream.gradients()))
  print(`∂L/∂ ${name}`, data, whole.weights[name].data);
