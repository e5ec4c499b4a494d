/** Trains a learner on noise and filtered noise until its weights equal the kernel of the filter. */
import { connect, from, last } from 'rxjs';
import { block, random } from 'tapline';
import { convolve, learn } from 'tapline/operators';

const hidden = [0.1, -0.4, 0.8, 0.3, -0.2];
const noise = random(7);
const blocks = Array.from({ length: 100 }, (_, n) => {
  const samples = Array.from({ length: 20 }, () => noise.normal());
  return block(samples, { channels: 1, rate: 100, start: n * 20 });
});
const spec = { inChannels: 1, layers: [{ type: 'conv1d' as const, outChannels: 1, kernelSize: hidden.length }] };

from(blocks)
  .pipe(
    connect((input) => input.pipe(learn(spec, { target: input.pipe(convolve(hidden)) }))),
    last(),
  )
  .subscribe((learned) => {
    const found = Array.from(learned.weights()['layers.0.weight'].data);
    const row = (taps: number[]) => taps.map((tap) => tap.toFixed(4).padStart(7)).join(' ');
    console.log(`hidden ${row(hidden)}`);
    console.log(`found  ${row(found)}`);
    const difference = Math.max(...found.map((tap, k) => Math.abs(tap - hidden[k])));
    console.log(`after ${learned.updates} updates, the largest difference is ${difference.toExponential(0)}`);
  });
