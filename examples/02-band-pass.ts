/** Measures the frequency response of an 8-13 Hz band-pass kernel with sine waves. */
import { of } from 'rxjs';
import { bandPass, block, type Block } from 'tapline';
import { convolve } from 'tapline/operators';

const rate = 250;
const kernel = bandPass([8, 13], { rate, taps: 251 });

/** Four seconds of a sine of amplitude 1. */
function sine(hz: number): Block {
  const data = Float32Array.from({ length: 4 * rate }, (_, t) => Math.sin((2 * Math.PI * hz * t) / rate));
  return block(data, { channels: 1, rate });
}

/** The amplitude of a filtered sine over the last second. */
function gain(hz: number): number {
  let power = 0;
  of(sine(hz))
    .pipe(convolve([...kernel]))
    .subscribe(({ data }) => {
      for (const sample of data.subarray(-rate)) power += sample ** 2 / rate;
    });
  return Math.sqrt(2 * power);
}

console.log(`8-13 Hz, ${kernel.length} taps, group delay ${(((kernel.length - 1) / 2) * 1000) / rate} ms`);
for (const hz of [2, 5, 8, 10, 13, 16, 20, 50]) {
  console.log(`${String(hz).padStart(4)} Hz  gain ${gain(hz).toFixed(3)}  ${'#'.repeat(Math.round(40 * gain(hz)))}`);
}
