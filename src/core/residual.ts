import { invalid } from './check.ts';
import type { Frames } from './frames.ts';
import { GradientLine } from './gradient-line.ts';
import type { Layer, LayerOptions, LayerStream, Trained } from './layer.ts';
import { LayerStack } from './layer-stack.ts';
import type { LayerContext, ResidualSpec } from './network-spec.ts';
import { chain, type Pace } from './pace.ts';
import { RowQueue } from './row-queue.ts';
import { numberIn, stateIn, type State } from './state.ts';
import { sum } from './sum.ts';

/** Checks a residual's layers: they must give back as many channels as they take. */
export function residualLayer(spec: ResidualSpec, { inChannels, build }: LayerContext): Layer {
  const layers = build('layers', spec.layers, inChannels);
  const outChannels = layers.at(-1)?.outChannels ?? inChannels;
  if (outChannels !== inChannels)
    throw invalid('channels out of its layers', `its ${inChannels} channels in`, outChannels);
  const pace = chain(layers.map((layer) => layer.pace));
  return {
    type: spec.type,
    inChannels,
    outChannels,
    pace,
    macs: LayerStack.macs(layers),
    bytes: sum(layers, ({ bytes }) => bytes),
    parameters: LayerStack.parameters('layers.', layers),
    stream: (values, options) => new Residual(new LayerStack(inChannels, layers, values, options), pace, options),
  };
}

/**
 * A shortcut past some layers: y[n] = layers(x)[n] + x[h], where output n hangs on frame h. So the shortcut waits as long
 * as the layers do and is thinned out as they are. In the tail, where h lies behind the last frame, it adds nothing.
 */
class Residual implements LayerStream {
  readonly trained: readonly Trained[];
  readonly #stack: LayerStack;
  readonly #pace: Pace;
  /** Frames that an output may still hang on, with their validity behind their samples, from frame `#first` on. */
  readonly #frames: RowQueue;
  readonly #row: Float32Array;
  readonly #shortcut: GradientLine | null;
  #first = 0;
  #outputs = 0;
  #learned = 0;

  constructor(stack: LayerStack, pace: Pace, { gradients }: LayerOptions) {
    const { channels } = stack.input;
    this.#stack = stack;
    this.#pace = pace;
    this.#frames = new RowQueue(channels + 1);
    this.#row = new Float32Array(channels + 1);
    this.#shortcut = gradients ? new GradientLine(channels, 0) : null;
    this.trained = stack.trained;
  }

  push(x: Frames, out: Frames): void {
    for (let i = 0; i < x.count; i++) {
      for (let c = 0; c < x.channels; c++) this.#row[c] = x.data[i * x.channels + c];
      this.#row[x.channels] = x.valid[i];
      this.#frames.push(this.#row, 0);
    }
    this.#add(this.#stack.forward(x, false), out);
  }

  flush(out: Frames): void {
    this.#add(this.#stack.flush(), out);
  }

  backward(g: Frames, dx: Frames): void {
    const line = this.#shortcut;
    if (!line) return;
    const end = this.#first + this.#frames.count;
    line.open(end);
    for (let i = 0; i < g.count; i++) {
      const hang = this.#pace.hang(this.#learned++);
      if (hang >= end) continue;
      const at = line.offset(hang);
      for (let c = 0; c < g.channels; c++)
        line.data[at + c] = Math.fround(line.data[at + c] + g.data[i * g.channels + c]);
    }
    this.#handOn(this.#stack.backward(g), line, dx);
  }

  release(dx: Frames): void {
    const line = this.#shortcut;
    if (line) this.#handOn(this.#stack.release(), line, dx);
  }

  flushGradient(dx: Frames): void {
    const line = this.#shortcut;
    if (!line) return;
    this.#learned = this.#outputs;
    line.open(this.#first + this.#frames.count);
    this.#handOn(this.#stack.flushGradient(), line, dx);
  }

  shift(frames: number): number {
    const outputs = this.#stack.shift(frames);
    this.#first += frames;
    this.#outputs += outputs;
    this.#learned += outputs;
    this.#shortcut?.shift(frames);
    return outputs;
  }

  save(): State {
    return {
      first: this.#first,
      outputs: this.#outputs,
      learned: this.#learned,
      frames: this.#frames.save(),
      stack: this.#stack.save(),
      ...(this.#shortcut && { shortcut: this.#shortcut.save() }),
    };
  }

  restore(state: State): void {
    this.#first = numberIn(state, 'first');
    this.#outputs = numberIn(state, 'outputs');
    this.#learned = numberIn(state, 'learned');
    this.#frames.restore(stateIn(state, 'frames'));
    this.#stack.restore(stateIn(state, 'stack'));
    this.#shortcut?.restore(stateIn(state, 'shortcut'));
  }

  /** Appends the sum of the layers' outputs and the frames that they hang on, and forgets frames nothing hangs on. */
  #add(y: Frames, out: Frames): void {
    const { channels } = y;
    const to = out.reserve(y.count);
    for (let i = 0; i < y.count; i++) {
      const back = this.#pace.hang(this.#outputs++) - this.#first;
      const exists = back < this.#frames.count;
      const from = this.#frames.at + back * (channels + 1);
      for (let c = 0; c < channels; c++) {
        const shortcut = exists ? this.#frames.data[from + c] : 0;
        out.data[to + i * channels + c] = y.data[i * channels + c] + shortcut;
      }
      out.valid[out.count + i] = exists ? y.valid[i] * this.#frames.data[from + channels] : 0;
    }
    out.count += y.count;
    const passed = Math.min(this.#frames.count, this.#pace.hang(this.#outputs) - this.#first);
    this.#frames.drop(passed);
    this.#first += passed;
  }

  /** Adds what the layers let go to the shortcut's gradient, and lets both go. */
  #handOn(rows: Frames, line: GradientLine, dx: Frames): void {
    const at = line.offset(line.first);
    for (let i = 0; i < rows.count * rows.channels; i++)
      line.data[at + i] = Math.fround(line.data[at + i] + rows.data[i]);
    line.take(line.first + rows.count, dx);
  }
}
