import type { Rows } from '../memory/rows.ts';
import { type State, stateIn } from '../state/state.ts';
import { sum } from '../sum.ts';
import { activationLayer } from './activation.ts';
import type { Layer, LayerStream, ParameterSpec, StreamContext } from './layer.ts';
import { canStep, StepProgram } from './step-program.ts';
import type { MemoryRange, ParameterGradients } from './parameter-gradients.ts';

/**
 * The layers of one stream, in sequence.
 *
 *     x → layer 0 → outputs[0] → layer 1 → outputs[1] → …        forward
 *     ∂L/∂x ← layer 0 ← … ← layer 1 ← … ← g                      backward
 *
 * The rows that `forward` and `backward` return are valid until the stream's next call.
 */
export class LayerStack {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly trained: readonly ParameterGradients[];
  readonly #specs: readonly Layer[];
  readonly #context: StreamContext;
  readonly #layers: readonly LayerStream[];
  /** The latest outputs of each layer, unless the program has computed them. */
  readonly #outputs: Rows[] = [];
  #program: StepProgram | null = null;

  /** @param values parameter values of all layers, in order */
  constructor(inChannels: number, given: readonly Layer[], values: readonly MemoryRange[], context: StreamContext) {
    // an empty stack still returns a gradient row for every frame, so it gets an identity layer
    const layers = given.length > 0 ? given : [activationLayer({ type: 'identity' }, { inChannels })];
    let from = 0;
    this.#context = context;
    const above = { ...context, skipInputGradient: false };
    this.#layers = layers.map((layer, l) => {
      const own = values.slice(from, (from += layer.parameters.length));
      return layer.stream(own, l === 0 ? context : above);
    });
    this.trained = this.#layers.flatMap(({ trained }) => trained);
    this.inChannels = inChannels;
    this.outChannels = layers.at(-1)!.outChannels;
    this.#specs = layers;
  }

  /** Creates the program that runs all layers in one kernel call, or null if some layer does not support it. */
  program(): StepProgram | null {
    const { eager, engine } = this.#context;
    const can = !eager && engine.kernels.run !== undefined;
    if (can && canStep(this.#layers)) this.#program = new StepProgram(this.#context, this.#layers, this.#specs);
    return this.#program;
  }

  /** The latest outputs of each layer. */
  get outputs(): readonly Rows[] {
    return this.#program?.fresh ? this.#program.outputs : this.#outputs;
  }

  /** Returns the parameters of a list of layers, with the layer's index in each name. */
  static parameters(prefix: string, layers: readonly Layer[]): ParameterSpec[] {
    return layers.flatMap(({ parameters }, index) => {
      return parameters.map((parameter) => ({ ...parameter, name: `${prefix}${index}.${parameter.name}` }));
    });
  }

  /** Returns the multiply-adds per output frame of the last layer. */
  static macs(layers: readonly Layer[]): number {
    return sum([...layers.entries()], ([l, { macs }]) => macs * outputsPerTopOutput(layers, l));
  }

  /** Returns the number of outputs of the last layer per call from which some layer uses an FFT. */
  static fftFrom(layers: readonly Layer[]): number | undefined {
    return minDefined(layers.map(({ fftFrom }, l) => fftFrom && Math.ceil(fftFrom / outputsPerTopOutput(layers, l))));
  }

  /** Runs `x` through all layers. */
  forward(x: Rows): Rows {
    let rows = x;
    if (this.#program) this.#program.fresh = false;
    for (let l = 0; l < this.#layers.length; l++) {
      rows = this.#layers[l].push(rows);
      this.#outputs[l] = rows;
    }
    return rows;
  }

  /** Whether the last layer can compute its outputs again. */
  get recomputes(): boolean {
    return this.#layers[this.#layers.length - 1].recompute !== undefined;
  }

  /** Computes the oldest output without a gradient again, with the current weights of the last layer. Returns its offset. */
  recompute(): number {
    const { at } = this.#context.engine.scratch.rows(1, this.outChannels);
    this.#layers[this.#layers.length - 1].recompute!(at);
    return at;
  }

  /** Computes in advance what the next outputs need of the frames received so far. */
  prepare(): void {
    for (const layer of this.#layers) layer.prepare?.();
  }

  /** Ends the stream: the tail of every layer follows the outputs for the tail of the layer below. */
  flush(): Rows {
    const { scratch } = this.#context.engine;
    let rows = scratch.rows(0, this.inChannels);
    if (this.#program) this.#program.fresh = false;
    for (const [l, layer] of this.#layers.entries()) {
      const body = layer.push(rows);
      rows = scratch.join(body, layer.flush());
      this.#outputs[l] = rows;
    }
    return rows;
  }

  /** Runs `g` backward through all layers and returns the rows of ∂L/∂x that became final. */
  backward(g: Rows): Rows {
    let rows = g;
    for (let l = this.#layers.length - 1; l >= 0; l--) rows = this.#layers[l].backward(rows);
    return rows;
  }

  /** Returns the rows of ∂L/∂x up to the newest one aligned with an output that has a gradient, final or not. */
  truncateGradient(): Rows {
    return this.#endGradients((layer) => layer.truncateGradient());
  }

  /** Returns the remaining gradients of all layers. */
  flushGradient(): Rows {
    return this.#endGradients((layer) => layer.flushGradient());
  }

  advanceIndexes(frames: number): number {
    return this.#layers.reduce((count, layer) => layer.advanceIndexes(count), frames);
  }

  save(): State {
    return Object.fromEntries(this.#layers.map((layer, l) => [`layer${l}`, layer.save()]));
  }

  restore(state: State): void {
    for (const [l, layer] of this.#layers.entries()) layer.restore(stateIn(state, `layer${l}`));
  }

  #endGradients(rest: (layer: LayerStream) => Rows): Rows {
    const { scratch } = this.#context.engine;
    let rows = scratch.rows(0, this.outChannels);
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const layer = this.#layers[l];
      rows = scratch.join(layer.backward(rows), rest(layer));
    }
    return rows;
  }
}

/** Returns the number of outputs of layer `l` per output of the last layer. */
function outputsPerTopOutput(layers: readonly Layer[], l: number): number {
  return layers.slice(l + 1).reduce((rate, { pace }) => (rate * pace.stride) / pace.up, 1);
}

/** Returns the smallest defined number, or undefined if there is none. */
export function minDefined(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}
