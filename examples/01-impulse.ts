/** An impulse through a kernel plays the kernel back, tap by tap. */
import { of } from 'rxjs';
import { convolve as convolveWhole, type Block } from 'tapline';
import { convolve } from 'tapline/operators';

const kernel = [0.5, 0.3, 0.2]; // lag order: tap 0 meets the newest frame
const impulse = [0, 1, 0, 0, 0, 0];
const block: Block = { data: Float32Array.from(impulse), channels: 1, start: 0, rate: 10, time: 0 };

console.log('frame   in    out   every tap saw a real frame');
of(block)
  .pipe(convolve(kernel))
  .subscribe(({ data, valid }) => {
    data.forEach((sample, frame) => {
      const whole = valid?.[frame] === 0 ? 'no, warm-up' : 'yes';
      console.log(`${String(frame).padStart(5)}  ${impulse[frame].toFixed(1)}   ${sample.toFixed(1)}   ${whole}`);
    });
  });

const whole = [...convolveWhole(impulse, kernel)].map((sample) => sample.toFixed(1));
console.log(`\nthe whole recording at once, as numpy.convolve: ${whole.join(' ')}`);
console.log(`the same kernel as PyTorch writes it: ${kernel.toReversed().join(', ')}`);
