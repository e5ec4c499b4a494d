import { copyNumbers } from '../memory/copy.ts';
import { isValidTarget } from './valid-sample.ts';
import { type FrameHistory, historyMargin } from './frames.ts';
import type { Loss } from './loss.ts';
import { bytesIn, floatsIn, numberIn, type State } from '../state/state.ts';

/** Maximum number of frames that are predicted together. The weights of a large network are read once for all of them. */
export const collectedFrames: number = historyMargin;

/** Frames and targets of an open window, collected for all weights that predict them. */
export class HeldOutFrames {
  count = 0;
  /** Samples, [collectedFrames, inChannels], and one validity byte per frame. */
  readonly frames: Float32Array;
  readonly valid: Uint8Array = new Uint8Array(collectedFrames);
  /** Targets, [collectedFrames, outChannels], and one validity byte per target. */
  readonly targets: Float32Array;
  readonly targetValid: Uint8Array = new Uint8Array(collectedFrames);
  readonly #inChannels: number;
  readonly #outChannels: number;
  readonly #task: { readonly channels: number; readonly loss: Loss };

  constructor(inChannels: number, outChannels: number, loss: Loss) {
    this.frames = new Float32Array(collectedFrames * inChannels);
    this.targets = new Float32Array(collectedFrames * outChannels);
    this.#inChannels = inChannels;
    this.#outChannels = outChannels;
    this.#task = { channels: outChannels, loss };
  }

  /** Adds the target of the next frame, before the frame. */
  addTarget(data: Float32Array, at: number, valid: number): void {
    const to = this.count * this.#outChannels;
    for (let c = 0; c < this.#outChannels; c++) this.targets[to + c] = data[at + c];
    this.targetValid[this.count] = isValidTarget(data, at, this.#task, valid) ? 1 : 0;
  }

  addFrame(frame: Float32Array, valid: number): void {
    this.frames.set(frame, this.count * this.#inChannels);
    this.valid[this.count++] = valid;
  }

  /** Adds `count` valid frames with valid targets, which begin at `frames` and `targets` in `memory`. */
  addRows(memory: Float32Array, frames: number, targets: number, count: number): void {
    const [inputs, outputs] = [this.#inChannels, this.#outChannels];
    copyNumbers(memory, frames, count * inputs, this.frames, this.count * inputs);
    copyNumbers(memory, targets, count * outputs, this.targets, this.count * outputs);
    this.valid.fill(1, this.count, this.count + count);
    this.targetValid.fill(1, this.count, this.count + count);
    this.count += count;
  }

  /** Adds the targets to `history`. */
  addTargetsTo(history: FrameHistory): void {
    const { count, targets, targetValid } = this;
    if (targetValid.indexOf(0) < 0 || targetValid.indexOf(0) >= count) history.pushRows(targets, 0, count);
    else for (let i = 0; i < count; i++) history.push(targets, i * this.#outChannels, targetValid[i]);
  }

  save(): State {
    return {
      count: this.count,
      frames: this.frames.slice(),
      valid: this.valid.slice(),
      targets: this.targets.slice(),
      targetValid: this.targetValid.slice(),
    };
  }

  restore(state: State): void {
    this.count = numberIn(state, 'count');
    this.frames.set(floatsIn(state, 'frames', this.frames.length));
    this.valid.set(bytesIn(state, 'valid', collectedFrames));
    this.targets.set(floatsIn(state, 'targets', this.targets.length));
    this.targetValid.set(bytesIn(state, 'targetValid', collectedFrames));
  }
}
