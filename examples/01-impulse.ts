/** Sends an impulse through a kernel. The output is the kernel, tap by tap. */
import { of } from 'rxjs';
import { block, convolve as convolveWhole } from 'tapline';
import { convolve } from 'tapline/operators';

const kernel = [0.5, 0.3, 0.2]; // lag order: tap 0 applies to the newest frame
const impulse = [0, 1, 0, 0, 0, 0];

console.log('frame   in    out   valid');
of(block(impulse, { channels: 1, rate: 10 }))
  .pipe(convolve(kernel))
  .subscribe(({ data, valid }) => {
    data.forEach((sample, frame) => {
      const state = valid?.[frame] === 0 ? 'no, start-up' : 'yes';
      console.log(`${String(frame).padStart(5)}  ${impulse[frame].toFixed(1)}   ${sample.toFixed(1)}   ${state}`);
    });
  });

const whole = [...convolveWhole(impulse, kernel)].map((sample) => sample.toFixed(1));
console.log(`\nThe whole recording at once, like numpy.convolve: ${whole.join(' ')}`);
console.log(`The same kernel in PyTorch's order: ${kernel.toReversed().join(', ')}`);
