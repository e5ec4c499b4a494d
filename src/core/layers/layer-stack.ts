import type { Rows } from '../memory/rows.ts';
import { type State, stateIn } from '../state/state.ts';
import { sum } from '../sum.ts';
import { activationLayer } from './activation.ts';
import type { Layer, LayerStream, ParameterSpec, StreamContext } from './layer.ts';
import { canStep, StepProgram } from './step-program.ts';
import type { MemoryRange, ParameterGradients } from './trained.ts';

/**
 * The layers of one stream, one on top of the other.
 *
 *     x → layer 0 → outputs[0] → layer 1 → outputs[1] → …        forward
 *     ∂L/∂x ← layer 0 ← … ← layer 1 ← … ← g                      backward
 *
 * What `forward` and `backward` return holds until the stream's next call.
 */
export class LayerStack {
  readonly inChannels: number;
  readonly outChannels: number;
  /** What each layer put out last. */
  readonly outputs: Rows[] = [];
  readonly trained: readonly ParameterGradients[];
  readonly #specs: readonly Layer[];
  readonly #context: StreamContext;
  readonly #layers: readonly LayerStream[];

  /** @param values of all the layers' parameters, one after the other */
  constructor(inChannels: number, given: readonly Layer[], values: readonly MemoryRange[], context: StreamContext) {
    // a stack of none still owes a row for every frame, when no gradient comes for it
    const layers = given.length > 0 ? given : [activationLayer({ type: 'identity' }, { inChannels })];
    let from = 0;
    this.#context = context;
    const above = { ...context, blind: false };
    this.#layers = layers.map((layer, l) => {
      const own = values.slice(from, (from += layer.parameters.length));
      return layer.stream(own, l === 0 ? context : above);
    });
    this.trained = this.#layers.flatMap(({ trained }) => trained);
    this.inChannels = inChannels;
    this.outChannels = layers.at(-1)!.outChannels;
    this.#specs = layers;
  }

  /** What steps all of them at once; null where some cannot be. */
  program(): StepProgram | null {
    const { gradients, eager, engine } = this.#context;
    const can = !gradients && !eager && engine.kernels.run !== undefined;
    return can && canStep(this.#layers) ? new StepProgram(this.#context, this.#layers, this.#specs) : null;
  }

  /** The parameters of a list of layers, each with its layer's number in its name. */
  static parameters(prefix: string, layers: readonly Layer[]): ParameterSpec[] {
    return layers.flatMap(({ parameters }, index) => {
      return parameters.map((parameter) => ({ ...parameter, name: `${prefix}${index}.${parameter.name}` }));
    });
  }

  /** Multiply-adds for one output frame of the last layer. */
  static macs(layers: readonly Layer[]): number {
    return sum([...layers.entries()], ([l, { macs }]) => macs * outputsPerTopOutput(layers, l));
  }

  /** Outputs of the last layer that must come at once for some layer to go by FFT. */
  static fftFrom(layers: readonly Layer[]): number | undefined {
    return minDefined(layers.map(({ fftFrom }, l) => fftFrom && Math.ceil(fftFrom / outputsPerTopOutput(layers, l))));
  }

  /** Runs `x` through every layer. */
  forward(x: Rows): Rows {
    let rows = x;
    for (let l = 0; l < this.#layers.length; l++) {
      rows = this.#layers[l].push(rows);
      this.outputs[l] = rows;
    }
    return rows;
  }

  /** Does what the next outputs need of the frames that have come. */
  prepare(): void {
    for (const layer of this.#layers) layer.prepare?.();
  }

  /** The source has ended: the tail of every layer follows up what comes from below. */
  flush(): Rows {
    const { scratch } = this.#context.engine;
    let rows = scratch.rows(0, this.inChannels);
    for (const [l, layer] of this.#layers.entries()) {
      const body = layer.push(rows);
      rows = scratch.join(body, layer.flush());
      this.outputs[l] = rows;
    }
    return rows;
  }

  /** Runs `g` back through every layer and returns the rows of ∂L/∂x that became final. */
  backward(g: Rows): Rows {
    let rows = g;
    for (let l = this.#layers.length - 1; l >= 0; l--) rows = this.#layers[l].backward(rows);
    return rows;
  }

  /** The rows of ∂L/∂x up to the newest that an output with a gradient hangs on, final or not. */
  release(): Rows {
    return this.#endGradients((layer) => layer.truncateGradient());
  }

  /** The rest of all gradients. */
  flushGradient(): Rows {
    return this.#endGradients((layer) => layer.flushGradient());
  }

  shift(frames: number): number {
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

/** Outputs of layer `l` for one of the last layer. */
function outputsPerTopOutput(layers: readonly Layer[], l: number): number {
  return layers.slice(l + 1).reduce((rate, { pace }) => (rate * pace.stride) / pace.up, 1);
}

/** The smallest of the numbers that there are; undefined where there is none. */
export function minDefined(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}
