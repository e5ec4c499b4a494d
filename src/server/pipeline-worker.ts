import { parentPort } from 'node:worker_threads';
import type { StageOutput } from './feed-output.ts';
import { PipelineRunner } from './pipeline-runner.ts';
import { type FromWorker, type ToWorker, withOwnMemory } from './worker-message.ts';
import { type Task, WorkScheduler } from './work-scheduler.ts';

/** Cost in ns of a message without frames. */
const messageCost = 20_000;

/** A pipeline of this worker thread, and its messages that wait. */
class WorkerPipeline {
  readonly #number: number;
  readonly #runner = new PipelineRunner();
  readonly #waiting: ToWorker[] = [];
  #run = 0;
  #isWorking = false;

  constructor(number: number) {
    this.#number = number;
  }

  /** Processes a message after those before it. */
  receive(message: ToWorker): void {
    this.#waiting.push(message);
    if (this.#isWorking) return;
    this.#isWorking = true;
    scheduler.start(this.#work());
  }

  *#work(): Task {
    for (let message = this.#waiting.shift(); message; message = this.#waiting.shift()) yield* this.#process(message);
    this.#isWorking = false;
  }

  *#process(message: ToWorker): Task {
    if (message.do === 'push') {
      const { block, slice } = message;
      for (const { outputs, count } of this.#runner.push(block, slice.frames)) {
        this.#emit(outputs);
        yield count * slice.cost;
      }
      this.#reply({ run: this.#run, outputs: [], done: (block.data.length / block.channels) * slice.cost });
      return;
    }
    if (message.do === 'open') this.#run = message.run;
    this.#emit(this.#answer(message));
    yield messageCost;
  }

  #answer(message: Exclude<ToWorker, { do: 'push' }>): StageOutput[] {
    switch (message.do) {
      case 'open':
        return this.#runner.open(message.setup);
      case 'add':
        return this.#runner.add(message.stage, message.keep);
      case 'send':
        return this.#runner.handle(message.message);
      case 'save':
      case 'learned': {
        const { request } = message;
        try {
          this.#reply({ request, result: message.do === 'save' ? this.#runner.save() : this.#runner.learned() });
        } catch (error) {
          this.#reply({ request, error: error instanceof Error ? error.message : String(error) });
        }
        return [];
      }
      case 'close':
        this.#runner.close();
        pipelines.delete(this.#number);
        return [];
    }
  }

  #emit(outputs: readonly StageOutput[]): void {
    if (outputs.length > 0) this.#reply({ run: this.#run, outputs: outputs.map(withOwnMemory) });
  }

  #reply(
    message: FromWorker extends infer Each ? (Each extends unknown ? Omit<Each, 'pipeline'> : never) : never,
  ): void {
    parentPort?.postMessage({ ...message, pipeline: this.#number });
  }
}

const scheduler = new WorkScheduler();
/** The pipelines that run in this worker thread, by number. See `WorkerPool`. */
const pipelines = new Map<number, WorkerPipeline>();

parentPort?.on('message', (message: ToWorker) => {
  const { pipeline: number } = message;
  const pipeline = pipelines.get(number) ?? new WorkerPipeline(number);
  pipelines.set(number, pipeline);
  pipeline.receive(message);
});
