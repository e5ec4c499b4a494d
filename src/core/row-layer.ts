import { RowQueue } from './row-queue.ts';
import type { Frames } from './frames.ts';
import type { Layer, LayerStream, Trained } from './layer.ts';
import { instant } from './pace.ts';
import { stateIn, type State } from './state.ts';

/** What the layers that work frame by frame have in common. */
export function rowLayer(type: string, channels: number): Omit<Layer, 'stream'> {
  return { type, inChannels: channels, outChannels: channels, pace: instant, macs: 0, bytes: 0, parameters: [] };
}

/** A layer whose output n depends on its input n only. With gradients it keeps its inputs until their gradient has come. */
export abstract class RowLayer implements LayerStream {
  readonly trained: readonly Trained[] = [];
  protected readonly channels: number;
  /** Inputs whose gradient has not come; null when nothing learns. */
  readonly #inputs: RowQueue | null;

  constructor(channels: number, gradients: boolean) {
    this.channels = channels;
    this.#inputs = gradients ? new RowQueue(channels) : null;
  }

  /** Computes the output of one input row. */
  protected abstract forward(x: Float32Array, from: number, y: Float32Array, at: number, valid: number): void;

  /** Computes ∂L/∂x of one input row from ∂L/∂y; adds to the gradients of what is trained. */
  protected abstract back(
    x: Float32Array,
    from: number,
    g: Float32Array,
    gAt: number,
    dx: Float32Array,
    at: number,
  ): void;

  push(x: Frames, out: Frames): void {
    const { channels } = this;
    out.reserve(x.count);
    for (let i = 0; i < x.count; i++) {
      this.#inputs?.push(x.data, i * channels);
      this.forward(x.data, i * channels, out.data, out.count * channels, x.valid[i]);
      out.valid[out.count++] = x.valid[i];
    }
  }

  flush(): void {}

  backward(g: Frames, dx: Frames): void {
    const inputs = this.#inputs;
    if (!inputs) return;
    const { channels } = this;
    dx.reserve(g.count);
    for (let i = 0; i < g.count; i++) {
      this.back(inputs.data, inputs.at, g.data, i * channels, dx.data, dx.count * channels);
      dx.count++;
      inputs.drop(1);
    }
  }

  release(): void {}

  flushGradient(dx: Frames): void {
    if (!this.#inputs) return;
    dx.appendZeros(this.#inputs.count);
    this.#inputs.drop(this.#inputs.count);
  }

  shift(frames: number): number {
    return frames;
  }

  save(): State {
    return this.#inputs ? { inputs: this.#inputs.save() } : {};
  }

  restore(state: State): void {
    this.#inputs?.restore(stateIn(state, 'inputs'));
  }
}
