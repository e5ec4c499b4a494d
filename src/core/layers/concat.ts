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
import type { ParameterGradients } from './parameter-gradients.ts';

/**
 * Checks that the outputs of the branches can be joined: they must have the same rate and be aligned with the same
 * frames.
 */
export function concatLayer(spec: ConcatSpec, { inChannels, build }: LayerContext): Layer {
  if (!Array.isArray(spec.branches) || spec.branches.length === 0)
    throw invalid('branches', 'one or more arrays of LayerSpecs', spec.branches, TypeError);
  const branches = spec.branches.map((specs, b) => build(`branches[${b}]`, specs, inChannels));
  const paces = branches.map((layers) => chain(layers.map(({ pace }) => pace)));
  const skips = skipCounts(paces);
  const widths = branches.map((layers) => layers.at(-1)?.outChannels ?? inChannels);
  const parameters = branches.map((layers, b) => LayerStack.parameters(`branches.${b}.`, layers));
  const queues = widths.map((width) => ({ arena: 0, objects: 900 + 64 * (width + inChannels) }));
  return {
    type: spec.type,
    inChannels,
    outChannels: sum(widths, (width) => width),
    pace: concatPace(paces, skips),
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
          return new Branch(new LayerStack(inChannels, layers, own, context), skips[b], context);
        }),
      );
    },
  };
}

/**
 * Returns how many outputs each branch skips at the start, so that the n-th remaining outputs are aligned with the same
 * frame. If several outputs are aligned with one frame, more may be skipped to bring the branches into step.
 */
function skipCounts(paces: readonly Pace[]): number[] {
  const [first] = paces;
  for (const [b, { up, stride }] of paces.entries()) {
    if (up * first.stride !== stride * first.up)
      throw invalid(
        `rate of branches[${b}]`,
        `the rate of branches[0], ${first.up}/${first.stride} of the input rate`,
        `${up}/${stride}`,
      );
  }
  const start = Math.max(...paces.map((pace) => pace.alignedFrame(0)));
  const earliest = paces.map((pace) => firstOutputFrom(pace, start));
  const steps = Array.from({ length: first.up }, (_, step) => step);
  // the alignment repeats after `up` outputs
  const framesOf = (pace: Pace, skip: number) => steps.map((step) => pace.alignedFrame(skip + step)).join(', ');
  for (const late of steps) {
    const expected = framesOf(first, earliest[0] + late);
    const skips = paces.map((pace, b) =>
      steps.map((step) => earliest[b] + step).find((skip) => framesOf(pace, skip) === expected),
    );
    if (skips.every((skip) => skip !== undefined)) return skips;
  }
  const expected = framesOf(first, earliest[0]);
  const other = paces.findIndex((pace, b) => framesOf(pace, earliest[b]) !== expected);
  throw invalid(
    `frames that the outputs of branches[${other}] are aligned with`,
    `those of branches[0], ${expected} …`,
    `${framesOf(paces[other], earliest[other])} …`,
  );
}

/** Returns the first output that is aligned with frame `start` or a later one, by binary search. */
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

/** Returns the pace of all branches together: an output is emitted when every branch has its own. */
function concatPace(paces: readonly Pace[], skips: readonly number[]): Pace {
  const largest = (number: (pace: Pace) => number) => Math.max(...paces.map(number));
  const [{ up, stride }] = paces;
  return {
    up,
    stride,
    receptiveField: largest((pace) => pace.receptiveField),
    delay: largest((pace) => pace.delay),
    settlingFrames: largest((pace) => pace.settlingFrames) + stride,
    period: paces.reduce((common, { period }) => lcm(common, period), 1),
    alignedFrame: (index) => paces[0].alignedFrame(index + skips[0]),
    outputsAfter: (frames) => Math.max(0, Math.min(...paces.map((pace, b) => pace.outputsAfter(frames) - skips[b]))),
    framesFor: (outputs) =>
      outputs === 0 ? 0 : Math.max(...paces.map((pace, b) => pace.framesFor(outputs + skips[b]))),
  };
}

/** Returns the least common multiple. */
function lcm(a: number, b: number): number {
  let multiple = a;
  while (multiple % b !== 0) multiple += a;
  return multiple;
}

/**
 * Branches side by side: the channels of their outputs that are aligned with the same frame, in the order of the
 * branches.
 */
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
    for (const branch of this.#branches) branch.truncateGradient();
    return this.#sumGradients();
  }

  flushGradient(): Rows {
    for (const branch of this.#branches) branch.flushGradient();
    return this.#sumGradients();
  }

  advanceIndexes(frames: number): number {
    return Math.max(...this.#branches.map((branch) => branch.advanceIndexes(frames)));
  }

  save(): State {
    return Object.fromEntries(this.#branches.map((branch, b) => [`branch${b}`, branch.save()]));
  }

  restore(state: State): void {
    for (const [b, branch] of this.#branches.entries()) branch.restore(stateIn(state, `branch${b}`));
  }

  /** Joins the outputs that all branches have. */
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

  /** Returns the sums of the gradient rows that all branches have. */
  #sumGradients(): Rows {
    const [{ gradientRows: first }] = this.#branches;
    const count = Math.min(...this.#branches.map(({ gradientRows }) => gradientRows.count));
    const dx = this.#engine.scratch.rows(count, first.width);
    const numbers = count * first.width;
    this.#engine.kernels.fill(dx.at, numbers, 0);
    const { f32 } = this.#engine.arena;
    for (const { gradientRows } of this.#branches) {
      for (let i = 0; i < numbers; i++)
        f32[dx.at + i] = Math.fround(f32[dx.at + i] + gradientRows.data[gradientRows.at + i]);
      gradientRows.remove(count);
    }
    return dx;
  }
}
