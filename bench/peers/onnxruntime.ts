import type { Contestant, Make } from '../contestant.ts';
import { onnxModel } from './onnx-model.ts';
import { Window } from './window.ts';

/** The part of ONNX Runtime that is used here, identical in both packages. */
interface Runtime {
  Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => object;
  InferenceSession: { create(model: Uint8Array, options: object): Promise<Session> };
}

interface Session {
  run(inputs: { x: object }): Promise<{ y: { data: Float32Array } }>;
  release(): Promise<void>;
}

/** ONNX Runtime on one thread. */
function contestants(engine: string, runtime: Runtime, provider: string): Make {
  const options = { executionProviders: [provider], intraOpNumThreads: 1, interOpNumThreads: 1 };
  return async (workload): Promise<Contestant> => {
    const { blocks, inChannels } = workload;
    const window = new Window(workload, true);
    const session = await runtime.InferenceSession.create(onnxModel(workload, window.frames), options);
    const inputs = { x: new runtime.Tensor('float32', window.data, [1, inChannels, window.frames]) };
    let at = 0;
    return {
      engine,
      async run(calls) {
        let last: Float32Array | undefined;
        for (let i = 0; i < calls; i++) {
          last = window.push(blocks[at]) ? (await session.run(inputs)).y.data : undefined;
          at = (at + 1) & (blocks.length - 1);
        }
        return framesFirst(last ?? new Float32Array(0), workload.outChannels);
      },
      close: () => session.release(),
    };
  };
}

/** The native library. */
export async function onnxruntimeNode(): Promise<Make> {
  const name = 'onnxruntime-node';
  return contestants(name, (await import(name)) as Runtime, 'cpu');
}

/** The WebAssembly build, as used in a web page. */
export async function onnxruntimeWeb(): Promise<Make> {
  const name = 'onnxruntime-web';
  const runtime = await import(name);
  runtime.env.wasm.numThreads = 1;
  return contestants(name, runtime as Runtime, 'wasm');
}

/** Transposes [channels, frames] to [frames, channels]. */
function framesFirst(data: Float32Array, channels: number): Float32Array {
  const frames = data.length / channels;
  return data.map((_, i) => data[(i % channels) * frames + Math.floor(i / channels)]);
}
