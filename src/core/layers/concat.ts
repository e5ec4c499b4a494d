import { invalid } from '../check.ts';
import { Branch } from './branch.ts';
import type { Engine } from '../memory/engine.ts';
import type { Layer, LayerStream } from './layer.ts';
import { LayerStack, minDefined } from './layer-stack.ts';
import { memoryOfAll } from '../memory/memory-size.ts';
import type { ConcatSpec, LayerContext } from './layer-spec.ts';
import { chain, type Pace } from './pace.ts';
import { setValid, type Rows } from '../memory/rows.ts';

import { stateIn, type State } from '../state/state.ts';
import { sum } from '../sum.ts';
import type { ParameterGradients } from './trained.ts';

/** Checks that the branches' outputs can meet: they must run at one rate and hang on the same frames. */
export function concatLayer(spec: ConcatSpec, { inChannels, build }: LayerContext): Layer {
  if (!Array.isArray(spec.branches) || spec.branches.length === 0)
    throw invalid('branches', 'one or more arrays of LayerSpecs', spec.branches, TypeError);
  const branches = spec.branches.map((specs, b) => build(`branches[${b}]`, specs, inChannels));
  const paces = branches.map((layers) => chain(layers.map(({ pace }) => pace)));
  const drops = skipCounts(paces);
  const widths = branches.map((layers) => layers.at(-1)?.outChannels ?? inChannels);
  const parameters = branches.map((layers, b) => LayerStack.parameters(`branches.${b}.`, layers));
  const queues = widths.map((width) => ({ arena: 0, objects: 900 + 64 * (width + inChannels) }));
  return {
    type: spec.type,
    inChannels,
    outChannels: sum(widths, (width) => width),
    pace: concatPace(paces, drops),
    macs: sum(branches, (layers) => LayerStack.macs(layers)),
    fftFrom: minDefined(branches.map((layers) => LayerStack.fftFrom(layers))),
    memory: (gradients, fft) =>
      memoryOfAll([...queues, ...branches.flat().map((layer) => layer.memory(gradients, fft))]),
    parameters: parameters.flat(),
    stream: (values, context) => {
      let from = 0;
      return new Concat(
        context.engine,
        branches.map((layers, b) => {
          const own = values.slice(from, (from += parameters[b].length));
          return new Branch(new LayerStack(inChannels, layers, own, context), drops[b], context);
        }),
      );
    },
  };
}

/**
 * How many outputs each branch must leave out at the start, so that the n-th outputs left hang on the same frame.
 * Where several outputs hang on one frame it may take some more, for the branches to be in step.
 */
function skipCounts(paces: readonly Pace[]): number[] {
  const [first] = paces;
  for (const [b, { up, stride }] of paces.entries()) {
    if (up * first.stride !== stride * first.up)
      throw invalid(
        `rate of branches[${b}]`,
        `that of branches[0], ${first.up}/${first.stride} of the input's`,
        `${up}/${stride}`,
      );
  }
  const start = Math.max(...paces.map((pace) => pace.alignedFrame(0)));
  const earliest = paces.map((pace) => firstOutputFrom(pace, start));
  const steps = Array.from({ length: first.up }, (_, step) => step);
  // hangs repeat after `up` outputs
  const hangs = (pace: Pace, drop: number) => steps.map((step) => pace.alignedFrame(drop + step)).join(', ');
  for (const late of steps) {
    const meant = hangs(first, earliest[0] + late);
    const drops = paces.map((pace, b) => steps.map((step) => earliest[b] + step).find((d) => hangs(pace, d) === meant));
    if (drops.every((drop) => drop !== undefined)) return drops;
  }
  const meant = hangs(first, earliest[0]);
  const odd = paces.findIndex((pace, b) => hangs(pace, earliest[b]) !== meant);
  throw invalid(
    `frames that outputs of branches[${odd}] hang on`,
    `those of branches[0], ${meant} …`,
    `${hangs(paces[odd], earliest[odd])} …`,
  );
}

/** The first output that hangs on frame `start` or a later one, by halves. */
function firstOutputFrom(pace: Pace, start: number): number {
  let high = 1;
  while (pace.alignedFrame(high) < start) high *= 2;
  for (let low = 0; low < high;) {
    const middle = Math.floor((low + high) / 2);
    if (pace.alignedFrame(middle) < start) low = middle + 1;
    else high = middle;
  }
  return high;
}

/** The pace of all together: an output comes when every branch has its own. */
function concatPace(paces: readonly Pace[], drops: readonly number[]): Pace {
  const most = (number: (pace: Pace) => number) => Math.max(...paces.map(number));
  const [{ up, stride }] = paces;
  return {
    up,
    stride,
    receptiveField: most((pace) => pace.receptiveField),
    delay: most((pace) => pace.delay),
    settlingFrames: most((pace) => pace.settlingFrames) + stride,
    period: paces.reduce((whole, { period }) => lcm(whole, period), 1),
    alignedFrame: (index) => paces[0].alignedFrame(index + drops[0]),
    outputsAfter: (frames) => Math.max(0, Math.min(...paces.map((pace, b) => pace.outputsAfter(frames) - drops[b]))),
    framesFor: (outputs) =>
      outputs === 0 ? 0 : Math.max(...paces.map((pace, b) => pace.framesFor(outputs + drops[b]))),
  };
}

function lcm(a: number, b: number): number {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}

/** Branches side by side: the channels of their outputs that hang on the same frame, in the order of the branches. */
class Concat implements LayerStream {
  readonly trained: readonly ParameterGradients[];
  readonly #engine: Engine;
  readonly #branches: readonly Branch[];
  readonly #channels: number;

  constructor(engine: Engine, branches: readonly Branch[]) {
    this.#engine = engine;
    this.#branches = branches;
    this.#channels = sum(branches, ({ width }) => width);
    this.trained = branches.flatMap((branch) => branch.trained);
  }

  push(x: Rows): Rows {
    for (const branch of this.#branches) branch.push(x);
    return this.#join();
  }

  flush(): Rows {
    for (const branch of this.#branches) branch.flush();
    return this.#join();
  }

  backward(g: Rows): Rows {
    let from = 0;
    for (const branch of this.#branches) {
      branch.backward(g, from);
      from += branch.width;
    }
    return this.#sumGradients();
  }

  truncateGradient(): Rows {
    for (const branch of this.#branches) branch.release();
    return this.#sumGradients();
  }

  flushGradient(): Rows {
    for (const branch of this.#branches) branch.flushGradient();
    return this.#sumGradients();
  }

  advanceIndexes(frames: number): number {
    return Math.max(...this.#branches.map((branch) => branch.shift(frames)));
  }

  save(): State {
    return Object.fromEntries(this.#branches.map((branch, b) => [`branch${b}`, branch.save()]));
  }

  restore(state: State): void {
    for (const [b, branch] of this.#branches.entries()) branch.restore(stateIn(state, `branch${b}`));
  }

  /** The outputs that every branch has. */
  #join(): Rows {
    const count = Math.min(...this.#branches.map(({ outputs }) => outputs.count));
    const out = this.#engine.scratch.rows(count, this.#channels);
    const { f32 } = this.#engine.arena;
    let at = out.at;
    for (let i = 0; i < count; i++) {
      for (const { outputs, width } of this.#branches) {
        for (let c = 0; c < width; c++) f32[at++] = outputs.data[outputs.at + c];
        if (!outputs.data[outputs.at + width]) setValid(out, i, 0);
        outputs.remove(1);
      }
    }
    return out;
  }

  /** The sums of the gradient rows that every branch has let go. */
  #sumGradients(): Rows {
    const [{ gradientRows: first }] = this.#branches;
    const count = Math.min(...this.#branches.map(({ gradientRows: rows }) => rows.count));
    const dx = this.#engine.scratch.rows(count, first.width);
    const numbers = count * first.width;
    this.#engine.kernels.fill(dx.at, numbers, 0);
    const { f32 } = this.#engine.arena;
    for (const { gradientRows: rows } of this.#branches) {
      for (let i = 0; i < numbers; i++) f32[dx.at + i] = Math.fround(f32[dx.at + i] + rows.data[rows.at + i]);
      rows.remove(count);
    }
    return dx;
  }
}
