/**
 * Moves a running pipeline from Node.js to a browser. The pipeline processes ten seconds of a simulated headset and is
 * saved with its state. A page restores it, continues, and compares its predictions with those of an uninterrupted run.
 *
 *     npx tsx examples/11-carry/carry.ts [port]        Open the printed URL. Press Ctrl-C to stop.
 */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { Network, Pipeline, type NetworkSpec } from 'tapline';
import { EegSimulator } from 'tapline/sources';

const forecaster: NetworkSpec = { inChannels: 8, layers: [{ type: 'conv1d', outChannels: 8, kernelSize: 16 }] };
const pipeline = Pipeline.create(
  { standardize: { tau: 1 }, learn: { network: forecaster, optimizer: { type: 'nlms', learningRate: 0.1 } } },
  { learner: Network.create(forecaster, { initialization: 'zeros' }) },
);
const headset = new EegSimulator({ seed: 1 });
for (let i = 0; i < 100; i++) pipeline.push(headset.next(25).eeg);

const saved = pipeline.save();
const blocks = Array.from({ length: 40 }, () => headset.next(25).eeg);
const expected = blocks.flatMap((block) =>
  pipeline.push(block).map(({ learned }) => Array.from(learned!.prediction.data)),
);
const { score, updates } = pipeline.learner!.push({ ...blocks[0], data: new Float32Array(0), start: 3500 });
console.log(
  `Saved ${saved.length} bytes after ${100 * 25} frames. Without interruption: ${updates} updates, NMSE ${score.nmse.toFixed(3)}`,
);

const next = { blocks: blocks.map((block) => ({ ...block, data: Array.from(block.data) })), expected };
const file = (path: string) => readFile(fileURLToPath(new URL(path, import.meta.url)));
const server = createServer((request, response) => {
  const routes: Record<string, [type: string, body: () => Promise<string | Uint8Array> | string | Uint8Array]> = {
    '/': ['text/html', () => file('index.html')],
    '/tapline.browser.js': ['text/javascript', () => file('../../dist/tapline.browser.js')],
    '/saved': ['application/octet-stream', () => saved],
    '/next': ['application/json', () => JSON.stringify(next)],
  };
  const [type, body] = routes[request.url ?? ''] ?? ['text/plain', () => ''];
  void Promise.resolve(body()).then((content) => response.setHeader('content-type', type).end(content));
});
server.listen(Number(process.argv[2] ?? 8081), '127.0.0.1', () => {
  console.log(`Open http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
process.once('SIGINT', () => {
  server.closeAllConnections();
  server.close();
});
