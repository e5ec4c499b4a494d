import { invalid } from '../check.ts';
import type { Engine } from '../memory/engine.ts';
import { GradientLine } from '../memory/gradient-line.ts';
import type { Layer, LayerStream, StreamContext } from './layer.ts';
import { LayerStack } from './layer-stack.ts';
import { memoryOfAll } from '../memory/memory-size.ts';
import type { LayerContext, ResidualSpec } from './layer-spec.ts';
import { chain, type Pace } from './pace.ts';
import { RowQueue } from '../memory/row-queue.ts';
import { setValid, validAt, type Rows } from '../memory/rows.ts';
import { numberIn, stateIn, type State } from '../state/state.ts';
import type { ParameterGradients } from './parameter-gradients.ts';

/** Checks the layers of a residual, which must have as many output channels as input channels. */
export function residualLayer(spec: ResidualSpec, { inChannels, build }: LayerContext): Layer {
  const layers = build('layers', spec.layers, inChannels);
  const outChannels = layers.at(-1)?.outChannels ?? inChannels;
  if (outChannels !== inChannels)
    throw invalid('output channels of its layers', `equal to inChannels = ${inChannels}`, outChannels);
  const pace = chain(layers.map((layer) => layer.pace));
  const queue = { arena: 0, objects: 900 + 64 * inChannels };
  return {
    type: spec.type,
    inChannels,
    outChannels,
    pace,
    macs: LayerStack.macs(layers),
    fftFrom: LayerStack.fftFrom(layers),
    memory: (gradients, fft) => memoryOfAll([queue, ...layers.map((layer) => layer.memory(gradients, fft))]),
    parameters: LayerStack.parameters('layers.', layers),
    stream: (values, context) => new Residual(new LayerStack(inChannels, layers, values, context), pace, context),
  };
}

/**
 * A shortcut around some layers: y[n] = layers(x)[n] + x[h], where output n is aligned with frame h. The shortcut has
 * the same delay and stride as the layers. In the tail, where h is after the last frame, it adds nothing.
 */
class Residual implements LayerStream {
  readonly trained: readonly ParameterGradients[];
  readonly #stack: LayerStack;
  readonly #pace: Pace;
  readonly #engine: Engine;
  /** Frames from `#first` on that an output may still be aligned with, each followed by its validity. */
  readonly #frames: RowQueue;
  readonly #row: Float32Array;
  readonly #shortcut: GradientLine | null;
  #first = 0;
  #outputs = 0;
  #gradientsReceived = 0;

  constructor(stack: LayerStack, pace: Pace, { engine, allocation, gradients }: StreamContext) {
    const channels = stack.inChannels;
    this.#stack = stack;
    this.#pace = pace;
    this.#engine = engine;
    this.#frames = new RowQueue(channels + 1);
    this.#row = new Float32Array(channels + 1);
    this.#shortcut = gradients ? new GradientLine(engine, allocation, channels, 0) : null;
    this.trained = stack.trained;
  }

  push(x: Rows): Rows {
    const { f32 } = this.#engine.arena;
    for (let i = 0; i < x.count; i++) {
      for (let c = 0; c < x.channels; c++) this.#row[c] = f32[x.at + i * x.channels + c];
      this.#row[x.channels] = validAt(x, i);
      this.#frames.push(this.#row, 0);
    }
    return this.#addShortcut(this.#stack.forward(x));
  }

  flush(): Rows {
    return this.#addShortcut(this.#stack.flush());
  }

  backward(g: Rows): Rows {
    const line = this.#shortcut!;
    const end = this.#first + this.#frames.count;
    line.open(end, Infinity);
    const { f32 } = this.#engine.arena;
    for (let i = 0; i < g.count; i++) {
      const frame = this.#pace.alignedFrame(this.#gradientsReceived++);
      // truncated rows are no longer in the gradient line
      if (frame >= end || frame < line.first) continue;
      const at = line.offset(frame);
      for (let c = 0; c < g.channels; c++) f32[at + c] = Math.fround(f32[at + c] + f32[g.at + i * g.channels + c]);
    }
    return this.#addGradients(this.#stack.backward(g), line);
  }

  truncateGradient(): Rows {
    return this.#addGradients(this.#stack.truncateGradient(), this.#shortcut!);
  }

  flushGradient(): Rows {
    const line = this.#shortcut!;
    this.#gradientsReceived = this.#outputs;
    line.open(this.#first + this.#frames.count, Infinity);
    return this.#addGradients(this.#stack.flushGradient(), line);
  }

  advanceIndexes(frames: number): number {
    const outputs = this.#stack.advanceIndexes(frames);
    this.#first += frames;
    this.#outputs += outputs;
    this.#gradientsReceived += outputs;
    this.#shortcut?.advanceIndexes(frames);
    return outputs;
  }

  save(): State {
    return {
      first: this.#first,
      outputs: this.#outputs,
      learned: this.#gradientsReceived,
      frames: this.#frames.save(),
      stack: this.#stack.save(),
      ...(this.#shortcut && { shortcut: this.#shortcut.save(Infinity) }),
    };
  }

  restore(state: State): void {
    this.#first = numberIn(state, 'first');
    this.#outputs = numberIn(state, 'outputs');
    this.#gradientsReceived = numberIn(state, 'learned');
    this.#frames.restore(stateIn(state, 'frames'));
    this.#stack.restore(stateIn(state, 'stack'));
    this.#shortcut?.restore(stateIn(state, 'shortcut'));
  }

  /** Adds the aligned frames to the outputs of the layers, and discards frames that are no longer needed. */
  #addShortcut(y: Rows): Rows {
    const { channels } = y;
    const out = this.#engine.scratch.rows(y.count, channels);
    const { f32 } = this.#engine.arena;
    for (let i = 0; i < y.count; i++) {
      const back = this.#pace.alignedFrame(this.#outputs++) - this.#first;
      const exists = back < this.#frames.count;
      const from = this.#frames.at + back * (channels + 1);
      for (let c = 0; c < channels; c++) {
        const shortcut = exists ? this.#frames.data[from + c] : 0;
        f32[out.at + i * channels + c] = f32[y.at + i * channels + c] + shortcut;
      }
      if (!exists || !validAt(y, i) || !this.#frames.data[from + channels]) setValid(out, i, 0);
    }
    const passed = Math.min(this.#frames.count, this.#pace.alignedFrame(this.#outputs) - this.#first);
    this.#frames.remove(passed);
    this.#first += passed;
    return out;
  }

  /** Adds the layers' gradient rows to the shortcut's and returns the sums. */
  #addGradients(rows: Rows, line: GradientLine): Rows {
    const { f32 } = this.#engine.arena;
    const at = line.offset(line.first);
    for (let i = 0; i < rows.count * rows.channels; i++) f32[at + i] = Math.fround(f32[at + i] + f32[rows.at + i]);
    return line.removeBefore(line.first + rows.count);
  }
}
