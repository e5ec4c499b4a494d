/** Plans and runs two layers with stride 2, and prints which frame each output is aligned with and whether it is valid. */
import { from } from 'rxjs';
import { block, Network, plan, type NetworkSpec } from 'tapline';
import { convolve } from 'tapline/operators';

const spec: NetworkSpec = {
  inChannels: 1,
  layers: [
    { type: 'conv1d', outChannels: 4, kernelSize: 3, stride: 2 },
    { type: 'relu' },
    { type: 'conv1d', outChannels: 2, kernelSize: 3, stride: 2 },
  ],
};

console.log('layer  type    channels  Hz     field (frames)  delay (ms)  multiply-adds/s');
const { layers, receptiveField, stride } = plan(spec, 100);
for (const { index, type, outChannels, rate, receptiveField: field, groupDelay, macsPerSecond } of layers) {
  const cells = [type.padEnd(8), `${outChannels}`.padEnd(10), rate.toFixed(1).padEnd(7), `${field}`.padEnd(16)];
  console.log(`${index}      ${cells.join('')}${groupDelay.ms.toFixed(0).padEnd(12)}${macsPerSecond}`);
}

console.log(`\nOne output every ${stride} frames. The first valid output depends on ${receptiveField} frames.\n`);
const frames = Array.from({ length: 14 }, (_, t) => block([Math.sin(t)], { channels: 1, rate: 100, start: t }));
const missing = 9;
from(frames.filter(({ start }) => start !== missing))
  .pipe(convolve(Network.create(spec, { seed: 1 })))
  .subscribe(({ start, data, valid, time }) => {
    const state = valid?.[0] ? 'valid' : time / 10 < receptiveField - 1 ? 'invalid: start-up' : 'invalid: gap';
    const samples = Array.from(data, (sample) => sample.toFixed(3).padStart(6)).join(' ');
    console.log(`output ${start} is aligned with frame ${String(time / 10).padStart(2)}: ${samples}  ${state}`);
  });
console.log(`Frame ${missing} is missing.`);
