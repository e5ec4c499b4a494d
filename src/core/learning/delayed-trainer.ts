import type { Network } from '../network/network.ts';
import { NetworkStream } from '../network/network-stream.ts';
import { invalid } from '../check.ts';
import { numberIn, type State, stateIn } from '../state/state.ts';
import type { EmittedPredictions } from './emitted-predictions.ts';
import { FrameQueue } from './frame-queue.ts';
import { type LearnControl, restoreControl, saveControl } from './learn-control.ts';
import type { OutputCollector } from './learned.ts';
import type { PendingTarget } from './pending-targets.ts';
import type { Trainer } from './trainer.ts';

/**
 * Emits the prediction for a frame when the frame arrives, and trains on the frames in order, each when its target has
 * arrived. A learner uses it from the first frame on that arrives without its target.
 *
 *     frame t arrives → [frame t - maxDelay - 1 is trained] → forward → predictions
 *                                                             └→ queue → target t arrives → frame t is trained
 */
export class DelayedTrainer {
  readonly #network: Network;
  readonly #trainer: Trainer;
  readonly #maxDelay: number;
  readonly #queue: FrameQueue;
  readonly #emitted: EmittedPredictions;
  readonly #frame: Float32Array;
  readonly #valid = new Uint8Array(1);
  /** Controls that are not applied yet, in order. Each applies before frame `at` is trained. */
  #controls: { at: number; control: LearnControl }[] = [];
  /** Computes the emitted predictions, with the current weights. */
  #serving: NetworkStream;

  /** @param rate rate of the outputs in Hz */
  constructor(network: Network, trainer: Trainer, maxDelay: number, rate: number) {
    this.#network = network;
    this.#trainer = trainer;
    this.#maxDelay = maxDelay;
    this.#queue = new FrameQueue(network.inChannels, network.outChannels, maxDelay + 1, trainer.index);
    this.#emitted = trainer.evaluation.splitEmitted(rate);
    this.#frame = new Float32Array(network.inChannels);
    this.#serving = trainer.forwardStream();
  }

  /** Absolute index of the next frame. */
  get index(): number {
    return this.#queue.next;
  }

  /**
   * Adds the next frame, and its target if it has arrived. Trains on all frames that no longer wait for a target. Call
   * `serve` after the last frame of a block.
   */
  push(
    data: Float32Array,
    at: number,
    valid: number,
    alarmed: boolean,
    target: PendingTarget | null,
    collected: OutputCollector,
  ): void {
    const queue = this.#queue;
    this.#trainUntil(queue.next - this.#maxDelay, collected);
    queue.push(data, at, valid !== 0, alarmed);
    if (target === null) return;
    queue.setTarget(queue.next - 1, target.data, target.offset, target.valid === 1);
    if (queue.count > 1) return;
    this.serve(collected);
    this.#trainKnown();
  }

  /** Skips missing frames. Their outputs are not emitted. */
  skip(count: number, alarmed: boolean): void {
    const queue = this.#queue;
    this.#trainUntil(queue.next + count - 1 - this.#maxDelay, null);
    if (queue.count > 0) {
      this.#serveGap(count);
      queue.pushGap(count, alarmed);
      return;
    }
    this.#trainer.alarmed = alarmed;
    // frame by frame, like the trainer, because an update may be due in a short gap
    const step = count <= this.#network.pace.settlingFrames ? 1 : count;
    for (let left = count; left > 0; left -= step) {
      this.#serveGap(step);
      this.#trainer.skip(step);
    }
    queue.advance(count);
  }

  /** Schedules a control: it applies after all frames that have arrived so far are trained. */
  control(control: LearnControl): void {
    this.#controls.push({ at: this.#queue.next, control });
    if (this.#queue.count === 0) this.#applyControls();
  }

  /**
   * Sets the target of frame `index`, which has arrived, and trains if possible. Ignored if the frame is already
   * trained.
   */
  teach(index: number, data: Float32Array, at: number, valid: number): void {
    if (index < this.#queue.first) return;
    this.#queue.setTarget(index, data, at, valid === 1);
    this.#trainKnown();
  }

  /** Computes and collects the predictions for all frames that have arrived. */
  serve(collected: OutputCollector): void {
    const queue = this.#queue;
    while (this.#serving.index < queue.next) {
      const first = this.#serving.index;
      const count = queue.contiguous(first);
      if (count === 1) this.#serveFrame(first);
      else {
        const from = queue.slot(first) * queue.inChannels;
        const valid = new Uint8Array(count);
        for (let i = 0; i < count; i++) valid[i] = Number(queue.isValid(first + i));
        this.#serving.feed(queue.inputs.subarray(from, from + count * queue.inChannels), valid);
      }
      collected.append(this.#network.engine.arena.f32, this.#serving.stack.outputs);
      this.#addEmitted();
    }
  }

  close(): void {
    this.#serving.close();
  }

  save(): State {
    const controls = this.#controls.map(({ at, control }, i) => [String(i), { at, ...saveControl(control) }]);
    return {
      queue: this.#queue.save(),
      emitted: this.#emitted.save(),
      serving: this.#serving.state(),
      controls: Object.fromEntries(controls) as State,
    };
  }

  restore(state: State): void {
    const queue = this.#queue;
    queue.restore(stateIn(state, 'queue'));
    if (queue.first !== this.#trainer.index)
      throw invalid('state.queue.first', `${this.#trainer.index}, the next frame to train`, queue.first);
    this.#serving.close();
    this.#serving = NetworkStream.of(this.#network, stateIn(state, 'serving'));
    if (this.#serving.index !== queue.next)
      throw invalid('index of state.serving', `${queue.next}, the next frame to arrive`, this.#serving.index);
    const controls = stateIn(state, 'controls');
    this.#controls = Object.keys(controls).map((i) => {
      const control = stateIn(controls, i);
      return { at: numberIn(control, 'at'), control: restoreControl(control) };
    });
    const { outputsAfter } = this.#network.pace;
    this.#emitted.restore(stateIn(state, 'emitted'), outputsAfter(queue.next) - outputsAfter(queue.first));
  }

  #serveFrame(index: number): void {
    const { inputs, inChannels } = this.#queue;
    const from = this.#queue.slot(index) * inChannels;
    for (let c = 0; c < inChannels; c++) this.#frame[c] = inputs[from + c];
    this.#valid[0] = Number(this.#queue.isValid(index));
    this.#serving.feed(this.#frame, this.#valid);
  }

  /** Adds the newest outputs to the predictions that wait for their target. */
  #addEmitted(): void {
    const { outputs } = this.#serving.stack;
    const { f32 } = this.#network.engine.arena;
    const output = outputs[outputs.length - 1];
    for (let i = 0; i < output.count; i++) this.#emitted.add(f32, output.at + i * output.channels);
  }

  /** Processes a gap in the same way as the trainer, so that the emitted predictions match those that it evaluates. */
  #serveGap(count: number): void {
    const { pace, inChannels } = this.#network;
    const before = pace.outputsAfter(this.#serving.index);
    if (count <= pace.settlingFrames) {
      this.#serving.feed(new Float32Array(count * inChannels), new Uint8Array(count));
      this.#addEmitted();
      return;
    }
    this.#serving.jump(count);
    if (this.#queue.count > 0) this.#emitted.addMissing(pace.outputsAfter(this.#serving.index) - before);
  }

  /** Trains all frames before `end`, with or without their target, and those after them whose targets are known. */
  #trainUntil(end: number, collected: OutputCollector | null): void {
    const queue = this.#queue;
    if (queue.count === 0 || queue.first >= end) return;
    if (collected) this.serve(collected);
    while (queue.count > 0 && queue.first < end) {
      this.#trainNext();
      this.#trainKnown();
    }
  }

  /** Trains the oldest frames up to the first whose target is not known. */
  #trainKnown(): void {
    const queue = this.#queue;
    while (queue.count > 0 && (queue.hasTarget(queue.first) || queue.gapLength() > 0)) this.#trainNext();
    if (queue.count === 0) this.#applyControls();
  }

  /** Applies the controls of the oldest frame, or of the next frame to arrive if no frame waits. */
  #applyControls(): void {
    while (this.#controls.length > 0 && this.#controls[0].at <= this.#queue.first)
      this.#trainer.control(this.#controls.shift()!.control);
  }

  /** Trains the oldest frame, or the gap that begins with it. */
  #trainNext(): void {
    const [queue, trainer] = [this.#queue, this.#trainer];
    const { first, inChannels, outChannels } = queue;
    this.#applyControls();
    trainer.alarmed = queue.isAlarmed(first);
    const missing = queue.gapLength();
    if (missing > 0) trainer.skip(missing);
    else {
      const slot = queue.slot(first);
      if (queue.hasTarget(first))
        trainer.addTarget(queue.targets, slot * outChannels, Number(queue.isTargetValid(first)));
      else trainer.addLateTarget();
      trainer.addFrame(queue.inputs, slot * inChannels, Number(queue.isValid(first)));
    }
    queue.remove(missing > 0 ? missing : 1);
  }
}
