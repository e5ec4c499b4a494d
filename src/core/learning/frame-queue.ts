import { invalid } from '../check.ts';
import { bytesIn, floatsIn, numberIn, type State } from '../state/state.ts';
import { isSample } from './valid-sample.ts';

// bits of the flags of a frame
const valid = 1;
const alarmed = 2;
/** The frame is part of a gap. */
const missing = 4;
/** The frame is the first one of a gap. */
const gapStart = 8;
const hasTarget = 16;
const targetValid = 32;

/** Minimum capacity in frames. */
const minCapacity = 16;

/**
 * Consecutive frames that wait for their targets: their samples, their flags, and the targets that have arrived. The
 * memory grows with the number of frames, up to `maxFrames` frames.
 */
export class FrameQueue {
  /** Absolute index of the oldest frame. */
  first: number;
  /** Number of frames. */
  count = 0;
  readonly inChannels: number;
  readonly outChannels: number;
  /** Samples, [capacity, inChannels]; frame `index` starts at `slot(index) * inChannels`. */
  inputs: Float32Array = new Float32Array(0);
  /** Targets, [capacity, outChannels]. */
  targets: Float32Array = new Float32Array(0);
  #flags = new Uint8Array(0);
  readonly #maxFrames: number;

  constructor(inChannels: number, outChannels: number, maxFrames: number, first: number) {
    this.inChannels = inChannels;
    this.outChannels = outChannels;
    this.#maxFrames = maxFrames;
    this.first = first;
  }

  /** Absolute index of the next frame to arrive. */
  get next(): number {
    return this.first + this.count;
  }

  /** Returns the position of frame `index` in the memory. */
  slot(index: number): number {
    return index % this.#flags.length;
  }

  /** Returns how many frames from frame `index` on are contiguous in the memory. */
  contiguous(index: number): number {
    return Math.min(this.next - index, this.#flags.length - this.slot(index));
  }

  /** Appends a frame. Numbers that are not samples become NaN. */
  push(data: Float32Array, at: number, isValid: boolean, isAlarmed: boolean): void {
    this.#reserve(1);
    const slot = this.slot(this.next);
    const to = slot * this.inChannels;
    const { inputs, inChannels } = this;
    for (let c = 0; c < inChannels; c++) {
      const sample = data[at + c];
      // not a conditional expression, which would box the number
      if (isSample(sample)) inputs[to + c] = sample;
      else inputs[to + c] = NaN;
    }
    this.#flags[slot] = (isValid ? valid : 0) | (isAlarmed ? alarmed : 0);
    this.count++;
  }

  /** Appends a gap of `count` missing frames. */
  pushGap(count: number, isAlarmed: boolean): void {
    this.#reserve(count);
    for (let i = 0; i < count; i++, this.count++)
      this.#flags[this.slot(this.next)] = missing | (i === 0 ? gapStart : 0) | (isAlarmed ? alarmed : 0);
  }

  /** Sets the target of frame `index`, unless it already has one. */
  setTarget(index: number, data: Float32Array, at: number, isValid: boolean): void {
    const slot = this.slot(index);
    if ((this.#flags[slot] & hasTarget) !== 0) return;
    const to = slot * this.outChannels;
    for (let c = 0; c < this.outChannels; c++) this.targets[to + c] = data[at + c];
    this.#flags[slot] |= hasTarget | (isValid ? targetValid : 0);
  }

  isValid(index: number): boolean {
    return (this.#flags[this.slot(index)] & valid) !== 0;
  }

  isAlarmed(index: number): boolean {
    return (this.#flags[this.slot(index)] & alarmed) !== 0;
  }

  hasTarget(index: number): boolean {
    return (this.#flags[this.slot(index)] & hasTarget) !== 0;
  }

  isTargetValid(index: number): boolean {
    return (this.#flags[this.slot(index)] & targetValid) !== 0;
  }

  /** Returns the number of frames in the gap that begins with the oldest frame; 0 if that frame is not missing. */
  gapLength(): number {
    let length = 0;
    while (length < this.count) {
      const flags = this.#flags[this.slot(this.first + length)];
      if ((flags & missing) === 0 || (length > 0 && (flags & gapStart) !== 0)) break;
      length++;
    }
    return length;
  }

  /** Removes the oldest `count` frames. */
  remove(count: number): void {
    this.first += count;
    this.count -= count;
  }

  /** Advances an empty queue by `count` frames that are not stored. */
  advance(count: number): void {
    this.first += count;
  }

  save(): State {
    const flags = new Uint8Array(this.count);
    const inputs = new Float32Array(this.count * this.inChannels);
    const targets = new Float32Array(this.count * this.outChannels);
    this.#copyTo(inputs, targets, flags, (index) => index - this.first);
    return { first: this.first, flags, inputs, targets };
  }

  restore(state: State): void {
    const flags = bytesIn(state, 'flags');
    if (flags.length > this.#maxFrames) throw invalid('state.flags.length', `<= ${this.#maxFrames}`, flags.length);
    const inputs = floatsIn(state, 'inputs', flags.length * this.inChannels);
    const targets = floatsIn(state, 'targets', flags.length * this.outChannels);
    this.count = 0;
    this.first = numberIn(state, 'first');
    this.#reserve(flags.length);
    for (let i = 0; i < flags.length; i++) {
      const slot = this.slot(this.next);
      this.#flags[slot] = flags[i];
      this.inputs.set(inputs.subarray(i * this.inChannels, (i + 1) * this.inChannels), slot * this.inChannels);
      this.targets.set(targets.subarray(i * this.outChannels, (i + 1) * this.outChannels), slot * this.outChannels);
      this.count++;
    }
  }

  #reserve(more: number): void {
    const frames = this.count + more;
    if (frames > this.#flags.length) this.#grow(frames);
  }

  #grow(frames: number): void {
    const capacity = Math.max(frames, Math.min(this.#maxFrames, Math.max(minCapacity, 2 * this.#flags.length)));
    const flags = new Uint8Array(capacity);
    const inputs = new Float32Array(capacity * this.inChannels);
    const targets = new Float32Array(capacity * this.outChannels);
    this.#copyTo(inputs, targets, flags, (index) => index % capacity);
    this.#flags = flags;
    this.inputs = inputs;
    this.targets = targets;
  }

  /** Copies all frames to arrays in which frame `index` is at position `place(index)`. */
  #copyTo(inputs: Float32Array, targets: Float32Array, flags: Uint8Array, place: (index: number) => number): void {
    const { inChannels, outChannels } = this;
    for (let index = this.first; index < this.next; index++) {
      const [from, to] = [this.slot(index), place(index)];
      flags[to] = this.#flags[from];
      inputs.set(this.inputs.subarray(from * inChannels, (from + 1) * inChannels), to * inChannels);
      targets.set(this.targets.subarray(from * outChannels, (from + 1) * outChannels), to * outChannels);
    }
  }
}
