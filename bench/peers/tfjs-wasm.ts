import type { Contestant, Make } from '../contestant.ts';
import { Window } from './window.ts';

/** The part of a TensorFlow.js tensor that is used here. */
interface Tensor {
  dataSync(): Float32Array;
  dispose(): void;
}

/** @tensorflow/tfjs with its WASM backend (SIMD, one thread): convolution, bias, and ReLU fused into one operation. */
export async function tfjsWasm(): Promise<Make> {
  const [core, backend] = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-wasm'];
  const tf = await import(core);
  const wasm = await import(backend);
  wasm.setThreadsCount(1);
  await tf.setBackend('wasm');
  return (workload): Contestant => {
    const { layers, blocks, inChannels } = workload;
    const window = new Window(workload, false);
    const stages = layers.map(({ weight, bias, taps, inChannels, outChannels, stride, relu }) => {
      const filter = new Float32Array(weight.length);
      for (let o = 0, from = 0; o < outChannels; o++)
        for (let k = taps - 1; k >= 0; k--)
          for (let c = 0; c < inChannels; c++) filter[(k * inChannels + c) * outChannels + o] = weight[from++];
      return {
        filter: tf.tensor4d(filter, [1, taps, inChannels, outChannels]),
        strides: [1, stride],
        pad: 'valid',
        bias: tf.tensor1d(bias),
        activation: relu ? 'relu' : 'linear',
      };
    });
    const forward = (): Float32Array => {
      // return a tensor: for an array, tidy would search every element for tensors
      const y: Tensor = tf.tidy(() => {
        let x: Tensor = tf.tensor4d(window.data, [1, 1, window.frames, inChannels]);
        for (const stage of stages) x = tf.fused.conv2d({ x, ...stage });
        return x;
      });
      const data = y.dataSync();
      y.dispose();
      return data;
    };
    const nothing = new Float32Array(0);
    let at = 0;
    return {
      engine: 'tfjs wasm',
      run(calls) {
        let last: Float32Array = nothing;
        for (let i = 0; i < calls; i++) {
          last = window.push(blocks[at]) ? forward() : nothing;
          at = (at + 1) & (blocks.length - 1);
        }
        return last;
      },
      close() {
        for (const { filter, bias } of stages) tf.dispose([filter, bias]);
      },
    };
  };
}
