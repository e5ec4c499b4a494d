/** Two layers with stride 2: what they will cost, which frame each output hangs on, and which outputs are valid. */
import { from } from 'rxjs';
import { Network, plan, type Block, type NetworkSpec } from 'tapline';
import { convolve } from 'tapline/operators';

const spec: NetworkSpec = {
  inChannels: 1,
  layers: [
    { type: 'conv1d', outChannels: 4, kernelSize: 3, stride: 2 },
    { type: 'relu' },
    { type: 'conv1d', outChannels: 2, kernelSize: 3, stride: 2 },
  ],
};

console.log('layer  type    channels  Hz     sees (frames)  delay (ms)  multiply-adds/s');
const { layers, receptiveField, stride } = plan(spec, 100);
for (const { index, type, outChannels, rate, receptiveField: sees, groupDelay, macsPerSecond } of layers) {
  const cells = [type.padEnd(8), `${outChannels}`.padEnd(10), rate.toFixed(1).padEnd(7), `${sees}`.padEnd(15)];
  console.log(`${index}      ${cells.join('')}${groupDelay.ms.toFixed(0).padEnd(12)}${macsPerSecond}`);
}

console.log(`\none output every ${stride} frames; the first that is valid has seen ${receptiveField} real frames\n`);
const frames = Array.from({ length: 14 }, (_, t): Block => {
  const data = Float32Array.of(Math.sin(t));
  return { data, channels: 1, start: t, rate: 100, time: t * 10 };
});
const missing = 9;
from(frames.filter(({ start }) => start !== missing))
  .pipe(convolve(Network.create(spec, { seed: 1 })))
  .subscribe(({ start, data, valid, time }) => {
    const state = valid?.[0] ? 'valid' : time / 10 < receptiveField - 1 ? 'invalid: warm-up' : 'invalid: sees the gap';
    const samples = Array.from(data, (sample) => sample.toFixed(3).padStart(6)).join(' ');
    console.log(`output ${start} hangs on frame ${String(time / 10).padStart(2)}: ${samples}  ${state}`);
  });
console.log(`frame ${missing} never came`);
