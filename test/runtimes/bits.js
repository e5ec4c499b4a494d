/**
 * Returns a hash of all output bits of a network that learns from `frames` frames: with tanh, sigmoid,
 * gelu, softmax, and Adam, in blocks of varying length. Uses integer seeds only, so that only the engine can cause differences.
 */
export function hashOfBits({ Engine, Network, adam }, kind, frames) {
  const layers = [
    { type: 'conv1d', outChannels: 6, kernelSize: 5 },
    { type: 'tanh' },
    { type: 'conv1d', outChannels: 5, kernelSize: 3, dilation: 2 },
    { type: 'sigmoid' },
    { type: 'linear', outChannels: 5 },
    { type: 'gelu' },
    { type: 'linear', outChannels: 3 },
    { type: 'softmax' },
  ];
  const engine = new Engine(kind);
  const chance = xorshift(2463534242);
  const network = Network.create({ inChannels: 2, layers }, { engine, seed: 1, initialization: 'zeros' });
  const weights = network.weights();
  for (const { data } of Object.values(weights)) for (let i = 0; i < data.length; i++) data[i] = 0.5 * chance();
  network.setWeights(weights);
  const stream = network.stream({ gradients: true });
  const optimizer = adam({ learningRate: 0.001 });
  let hash = 2166136261;
  for (let done = 0, block = 0; done < frames; block++) {
    const count = Math.min(frames - done, 1 + (block % 23));
    const y = stream.push(Float32Array.from({ length: 2 * count }, chance));
    const words = new Uint32Array(y.buffer);
    for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i], 16777619);
    stream.backward(y.map((share, i) => share - (i % 3 === block % 3 ? 1 : 0)));
    optimizer.step(network, stream);
    done += count;
  }
  stream.close();
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Returns numbers from -1 to 1 that are integer multiples of 2^-23 and therefore exact in every runtime. */
function xorshift(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >> 8) / 8388608;
  };
}
