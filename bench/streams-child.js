/**
 * Creates many streams in a process that contains nothing else, and sends their memory and the cost per frame to the
 * parent process. The parent's message determines the `kind`: 'shared', where all streams share a network; 'learning', where
 * each has its own and learns from every frame; or 'learner', where each is a `Learner`.
 */
import { setImmediate } from 'node:timers/promises';
import { Learner, Network, sgd } from 'tapline';

/**
 * Blocks of ten frames that every stream receives before the measurement. In its first frames, a learner is processed layer by layer, and
 * weights are set aside often.
 */
const startTens = 500;

process.once('message', async ({ count, kind, spec, weights, frames, tens, gradients }) => {
  const shared = Network.create(spec, { weights });
  const { inChannels, outChannels } = shared;
  const y = new Float32Array(10 * outChannels);
  const gradientX = new Float32Array(100 * inChannels);

  const makeShared = () => {
    const stream = shared.stream();
    return (x) => stream.pushInto(x, y);
  };

  const makeLearning = () => {
    const network = shared.clone();
    const stream = network.stream({ gradients: true });
    const optimizer = sgd({ learningRate: 1e-6 });
    return (x) => {
      stream.pushInto(x, y);
      stream.backwardInto(gradients[x.length > inChannels ? 1 : 0], gradientX);
      optimizer.step(network, stream);
    };
  };

  const makeLearner = () => {
    const learner = new Learner(shared.clone(), { task: 'target', optimizer: sgd({ learningRate: 1e-8 }) });
    let start = 0;
    return (x) => {
      const time = 20 * start;
      const data = gradients[x.length > inChannels ? 1 : 0];
      learner.teach({ data, channels: outChannels, start, rate: 50, time });
      learner.push({ data: x, channels: inChannels, start, rate: 50, time });
      start += x.length / inChannels;
    };
  };

  const memory = async () => {
    for (let i = 0; i < 3; i++) {
      gc();
      await setImmediate();
    }
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heap: heapUsed, arena: shared.engine.bytes };
  };

  /** Pushes each of `inputs` to every stream in turn. */
  const turns = (streams, inputs) => {
    for (const x of inputs) for (const push of streams) push(x);
  };

  /** Returns the µs per frame: the median of several measurements of at least 100 ms each. */
  const time = (streams, inputs) => {
    const means = [];
    for (let round = 0; round < 7; round++) {
      const start = performance.now();
      let pushed = 0;
      let ms = 0;
      for (let turn = 0; ms < 100; turn++, ms = performance.now() - start) {
        turns(streams, [inputs[turn & (inputs.length - 1)]]);
        pushed += streams.length;
      }
      means.push((1000 * ms) / (pushed * (inputs[0].length / inChannels)));
    }
    return means.sort((a, b) => a - b)[means.length >> 1];
  };

  const make = { shared: makeShared, learning: makeLearning, learner: makeLearner }[kind];
  const first = make();
  for (let i = 0; i < 100; i++) turns([first], [...frames, ...tens]);
  const before = await memory();
  const streams = Array.from({ length: count }, make);
  turns(streams, frames.slice(0, 20));
  for (const push of streams) for (let i = 0; i < startTens; i++) push(tens[i & (tens.length - 1)]);
  const after = await memory();
  process.send({
    bytes: {
      rss: (after.rss - before.rss) / count,
      heap: (after.heap - before.heap) / count,
      arena: (after.arena - before.arena) / count,
    },
    us: [time(streams, frames), time(streams, tens)],
  });
  process.disconnect();
});
