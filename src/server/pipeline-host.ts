import type { Block } from '../core/blocks/block.ts';
import type { PipelineMessage } from '../core/pipeline/pipeline-message.ts';
import type { StageOutput } from './feed-output.ts';
import type { FrameSlice } from './frame-cost.ts';
import { type LearnedWeights, PipelineRunner, type PipelineSetup } from './pipeline-runner.ts';
import type { StageSetup } from './stage-setup.ts';
import type { Task } from './work-scheduler.ts';

/**
 * Runs the pipeline of a feed in some thread. Messages are processed in order, and their outputs are emitted in order.
 */
export interface PipelineHost {
  /** Starts a run. */
  open(setup: PipelineSetup): void;
  /** Adds a stage, or replaces the stage with the same name. See `PipelineRunner.add`. */
  add(stage: StageSetup, keep?: boolean): void;
  /** Processes a message other than frames of the stream. */
  send(message: PipelineMessage): void;
  /** Processes frames of the stream in slices. Other messages must wait for the last one. */
  push(block: Block, slice: FrameSlice): Task;
  /** Returns the complete state after all messages so far. */
  save(): Promise<Uint8Array | undefined>;
  /** Returns the weights of every learner after all messages so far, by name. */
  learned(): Promise<Map<string, LearnedWeights>>;
  close(): void;
}

/** Creates the host of a feed; `emit` receives the outputs of its pipeline. */
export type MakeHost = (emit: (output: StageOutput) => void) => PipelineHost;

/** Runs a pipeline in the thread of its feed: outputs are emitted before `send` returns. */
export class LocalHost implements PipelineHost {
  readonly #runner = new PipelineRunner();
  readonly #emit: (output: StageOutput) => void;

  constructor(emit: (output: StageOutput) => void) {
    this.#emit = emit;
  }

  open(setup: PipelineSetup): void {
    this.#runner.open(setup).forEach(this.#emit);
  }

  add(stage: StageSetup, keep?: boolean): void {
    this.#runner.add(stage, keep).forEach(this.#emit);
  }

  send(message: PipelineMessage): void {
    this.#runner.handle(message).forEach(this.#emit);
  }

  *push(block: Block, { frames, cost }: FrameSlice): Task {
    for (const { outputs, count } of this.#runner.push(block, frames)) {
      outputs.forEach(this.#emit);
      yield count * cost;
    }
  }

  save(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#runner.save());
  }

  learned(): Promise<Map<string, LearnedWeights>> {
    return Promise.resolve(this.#runner.learned());
  }

  close(): void {
    this.#runner.close();
  }
}
