const { Engine, Network } = await import(process.argv[2]);

const layers = [
  { type: 'conv1d', outChannels: 16, kernelSize: 32 },
  { type: 'tanh' },
  { type: 'conv1d', outChannels: 3, kernelSize: 7, stride: 2 },
];
const x = Float32Array.from({ length: 8 * 500 }, (_, i) => Math.sin(i * i));
const [exact, fused] = ['simd', 'fused'].map((kind) => {
  return Network.create({ inChannels: 8, layers }, { engine: new Engine(kind), seed: 1 }).apply(x);
});
const most = Math.max(...exact.map(Math.abs));
const worst = Math.max(...exact.map((y, i) => Math.abs(y - fused[i]))) / most;
console.log(JSON.stringify({ same: String(exact) === String(fused), worst }));
