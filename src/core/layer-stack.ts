import { activationLayer } from './activation.ts';
import { Frames } from './frames.ts';
import type { Layer, LayerOptions, LayerStream, ParameterSpec, Trained } from './layer.ts';
import { chain, type Pace } from './pace.ts';
import { stateIn, type State } from './state.ts';
import { sum } from './sum.ts';

/**
 * The layers of one stream, one on top of the other, and the rows that pass between them.
 *
 *     x → layer 0 → outputs[0] → layer 1 → outputs[1] → …                        forward
 *     inputGradients[0] ← layer 0 ← inputGradients[1] ← layer 1 ← … ← g          backward
 *
 * What `forward` and `backward` return holds until the next call.
 */
export class LayerStack {
  /** Rows for whoever has none of his own to push. */
  readonly input: Frames;
  readonly outChannels: number;
  /** How its outputs follow its inputs. */
  readonly pace: Pace;
  /** What each layer put out last. */
  readonly outputs: readonly Frames[];
  readonly trained: readonly Trained[];
  readonly #layers: readonly LayerStream[];
  readonly #inputGradients: readonly Frames[];
  readonly #nothing: Frames;

  /** @param values of all the layers' parameters, one after the other */
  constructor(inChannels: number, given: readonly Layer[], values: readonly Float32Array[], options: LayerOptions) {
    // a stack of none still owes a row for every frame, when no gradient comes for it
    const layers = given.length > 0 ? given : [activationLayer({ type: 'identity' }, { inChannels })];
    let from = 0;
    this.#layers = layers.map((layer) => {
      return layer.stream(values.slice(from, (from += layer.parameters.length)), options);
    });
    this.trained = this.#layers.flatMap(({ trained }) => trained);
    this.outChannels = layers.at(-1)!.outChannels;
    this.pace = chain(layers.map((layer) => layer.pace));
    this.input = new Frames(inChannels);
    this.outputs = layers.map((layer) => new Frames(layer.outChannels));
    this.#inputGradients = layers.map((layer) => new Frames(layer.inChannels));
    this.#nothing = new Frames(this.outChannels);
  }

  /** The parameters of a list of layers, each with its layer's number in its name. */
  static parameters(prefix: string, layers: readonly Layer[]): ParameterSpec[] {
    return layers.flatMap(({ parameters }, index) => {
      return parameters.map((parameter) => ({ ...parameter, name: `${prefix}${index}.${parameter.name}` }));
    });
  }

  /** Multiply-adds for one output frame of the last layer. */
  static macs(layers: readonly Layer[]): number {
    const rates = layers.map((_, l) =>
      layers.slice(l + 1).reduce((rate, { pace }) => (rate * pace.stride) / pace.up, 1),
    );
    return sum([...layers.entries()], ([l, { macs }]) => macs * rates[l]);
  }

  /** Runs `x` through every layer; with `flush` the tail of each follows it up. */
  forward(x: Frames, flush: boolean): Frames {
    let rows = x;
    for (let l = 0; l < this.#layers.length; l++) {
      const out = this.outputs[l];
      out.clear();
      this.#layers[l].push(rows, out);
      if (flush) this.#layers[l].flush(out);
      rows = out;
    }
    return rows;
  }

  /** The tails of all layers. */
  flush(): Frames {
    this.input.clear();
    return this.forward(this.input, true);
  }

  /** Runs `g` back through every layer and returns the rows of ∂L/∂x that became final. */
  backward(g: Frames): Frames {
    return this.#backward(g);
  }

  /** The rows of ∂L/∂x up to the newest that an output with a gradient hangs on, final or not. */
  release(): Frames {
    return this.#backward(this.#nothing, (layer, dx) => {
      layer.release(dx);
    });
  }

  /** The rest of all gradients. */
  flushGradient(): Frames {
    return this.#backward(this.#nothing, (layer, dx) => {
      layer.flushGradient(dx);
    });
  }

  shift(frames: number): number {
    return this.#layers.reduce((count, layer) => layer.shift(count), frames);
  }

  #backward(g: Frames, after?: (layer: LayerStream, dx: Frames) => void): Frames {
    let rows = g;
    for (let l = this.#layers.length - 1; l >= 0; l--) {
      const below = this.#inputGradients[l];
      below.clear();
      this.#layers[l].backward(rows, below);
      after?.(this.#layers[l], below);
      rows = below;
    }
    return rows;
  }

  save(): State {
    return Object.fromEntries(this.#layers.map((layer, l) => [`layer${l}`, layer.save()]));
  }

  restore(state: State): void {
    for (const [l, layer] of this.#layers.entries()) layer.restore(stateIn(state, `layer${l}`));
  }
}
