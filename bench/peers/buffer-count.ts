import { bufferCount, map, startWith, Subject, type Observable } from 'rxjs';
import type { Contestant } from '../contestant.ts';
import type { Convolution, Workload } from '../workloads.ts';

/**
 * The usual way with RxJS alone: a frame is an array of numbers, `bufferCount` creates the windows, and `map` computes
 * the sums.
 */
export function bufferCountAndArrays({ layers, blocks, inChannels, step }: Workload): Contestant {
  const inputs = blocks.map((block) =>
    Array.from({ length: step }, (_, t) => Array.from(block.subarray(t * inChannels, (t + 1) * inChannels))),
  );
  const source = new Subject<number[]>();
  let outputs: number[][] = [];
  let stream: Observable<number[]> = source;
  for (const layer of layers) stream = stream.pipe(convolve(layer));
  stream.subscribe((frame) => outputs.push(frame));
  let at = 0;
  return {
    engine: 'bufferCount + arrays',
    run(calls) {
      for (let i = 0; i < calls; i++) {
        outputs = [];
        for (const frame of inputs[at]) source.next(frame);
        at = (at + 1) & (inputs.length - 1);
      }
      return outputs.flat();
    },
  };
}

function convolve(layer: Convolution): (source: Observable<number[]>) => Observable<number[]> {
  const { inChannels, outChannels, taps, stride, relu, weight } = layer;
  const kernels = Array.from({ length: outChannels }, (_, o) =>
    Array.from({ length: taps * inChannels }, (_, j) => {
      const tap = taps - 1 - Math.floor(j / inChannels);
      return weight[(o * taps + tap) * inChannels + (j % inChannels)];
    }),
  );
  const bias = Array.from(layer.bias);
  const before = Array.from({ length: taps - stride }, () => new Array<number>(inChannels).fill(0));
  const output = (window: number[][]) =>
    kernels.map((kernel, o) => {
      let sum = bias[o];
      for (let k = 0, j = 0; k < taps; k++) {
        const frame = window[k];
        for (let c = 0; c < inChannels; c++) sum += kernel[j++] * frame[c];
      }
      return relu ? Math.max(0, sum) : sum;
    });
  return (source) => source.pipe(startWith(...before), bufferCount(taps, stride), map(output));
}
