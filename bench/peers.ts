import type { Make } from './contestant.ts';
import { bufferCountAndArrays } from './peers/buffer-count.ts';
import { onnxruntimeNode, onnxruntimeWeb } from './peers/onnxruntime.ts';
import { plainJs } from './peers/plain-js.ts';
import { tfjsWasm } from './peers/tfjs-wasm.ts';

/** Peers that are separate packages, by the name that is printed if they are not installed. */
const packaged: Record<string, () => Promise<Make>> = {
  '@tensorflow/tfjs-backend-wasm': tfjsWasm,
  'onnxruntime-node': onnxruntimeNode,
  'onnxruntime-web': onnxruntimeWeb,
};

/** Returns the peers that can run here, and the names of those that are not installed. */
export async function findPeers(): Promise<{ peers: Make[]; missing: string[] }> {
  const peers: Make[] = [plainJs, bufferCountAndArrays];
  const missing: string[] = [];
  for (const [name, load] of Object.entries(packaged)) {
    const make = await load().catch((error: unknown) => {
      if (!String((error as NodeJS.ErrnoException).code).endsWith('MODULE_NOT_FOUND')) throw error;
      missing.push(name);
    });
    if (make) peers.push(make);
  }
  return { peers, missing };
}
