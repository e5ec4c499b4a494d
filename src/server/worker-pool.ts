import { Worker } from 'node:worker_threads';
import { type Block, frameCount } from '../core/blocks/block.ts';
import { Network } from '../core/network/network.ts';
import type { WeightsLike } from '../core/network/weights.ts';
import type { PipelineMessage } from '../core/pipeline/pipeline-message.ts';
import { stageName } from '../core/pipeline/pipeline-spec.ts';
import type { StageOutput } from './feed-output.ts';
import type { PipelineHost } from './pipeline-host.ts';
import type { FrameSlice } from './frame-cost.ts';
import type { LearnedWeights, PipelineSetup } from './pipeline-runner.ts';
import type { StageSetup } from './stage-setup.ts';
import { withResolvers } from './with-resolvers.ts';
import { type FromWorker, type ToWorker, withOwnBuffer } from './worker-message.ts';
import type { Task } from './work-scheduler.ts';

/** Cost in ns of sending a message to a thread. */
const postCost = 20_000;
/** Estimated cost in ns of the frames of a pipeline that may wait in its thread. */
const maxWaiting = 50_000_000;

/** File of the worker, in the build. It is also used when this module runs from its TypeScript source. */
const workerFile = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/src/server/pipeline-worker.js' : './pipeline-worker.js',
  import.meta.url,
);

/** Time in ms after which a thread that has ended soon after its start is started again: at first, and at most. */
const minDelay = 100;
const maxDelay = 10_000;

/** A worker thread and the pipelines that it runs. */
interface Thread {
  worker: Worker;
  /** When it was started, in ms, and how long the next start is delayed if it ends soon. */
  started: number;
  delay: number;
  restarting?: NodeJS.Timeout;
  hosts: Map<number, WorkerHost>;
  /** Number of requests without an answer: while there are any, the process does not exit. */
  requests: number;
}

type ToPipeline = ToWorker extends infer Message
  ? Message extends unknown
    ? Omit<Message, 'pipeline'>
    : never
  : never;

/**
 * Worker threads that run the pipelines of feeds. A new pipeline runs in the thread with the fewest pipelines. If a
 * thread fails, its pipelines are reported as broken and restarted from their specs in a new thread.
 */
export class WorkerPool {
  readonly #threads: Thread[];
  readonly #file: URL;
  readonly #wait: typeof startTimer;
  #pipelines = 0;
  #closing = false;

  /**
   * @param count number of threads, >= 1
   * @param file module of the threads
   * @param wait calls a function after a time in ms
   */
  constructor(count: number, file: URL = workerFile, wait: typeof startTimer = startTimer) {
    this.#file = file;
    this.#wait = wait;
    this.#threads = Array.from({ length: count }, () => this.#start(new Map()));
  }

  /** Creates the host of a feed; `emit` receives the outputs of its pipeline. */
  host(emit: (output: StageOutput) => void): PipelineHost {
    const thread = this.#threads.reduce((least, each) => (each.hosts.size < least.hosts.size ? each : least));
    const number = ++this.#pipelines;
    const host = new WorkerHost(
      (message) => {
        thread.worker.postMessage({ ...message, pipeline: number });
      },
      emit,
      () => thread.hosts.delete(number),
      (change) => {
        thread.requests += change;
        if (thread.requests > 0) thread.worker.ref();
        else thread.worker.unref();
      },
    );
    thread.hosts.set(number, host);
    return host;
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const { restarting } of this.#threads) clearTimeout(restarting);
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(hosts: Map<number, WorkerHost>): Thread {
    const worker = new Worker(this.#file);
    const thread: Thread = { worker, started: performance.now(), delay: minDelay, hosts, requests: 0 };
    this.#listen(thread);
    return thread;
  }

  #listen(thread: Thread): void {
    let reason = 'the worker thread has ended';
    thread.worker.on('message', (message: FromWorker) => thread.hosts.get(message.pipeline)?.receive(message));
    thread.worker.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error);
    });
    thread.worker.on('exit', () => {
      if (this.#closing) return;
      // a thread that always fails must not keep the processor busy
      if (performance.now() - thread.started > maxDelay) thread.delay = minDelay;
      thread.restarting = this.#wait(() => {
        this.#restart(thread, reason);
      }, thread.delay);
      thread.delay = Math.min(2 * thread.delay, maxDelay);
    });
    thread.worker.unref();
  }

  #restart(thread: Thread, reason: string): void {
    thread.worker = new Worker(this.#file);
    thread.started = performance.now();
    this.#listen(thread);
    for (const host of thread.hosts.values()) host.restart(reason);
  }
}

function startTimer(work: () => void, ms: number): NodeJS.Timeout {
  return setTimeout(work, ms);
}

/** Host of a pipeline in a worker thread. It emits the outputs when they arrive from the thread. */
class WorkerHost implements PipelineHost {
  readonly #post: (message: ToPipeline) => void;
  readonly #emit: (output: StageOutput) => void;
  readonly #remove: () => void;
  /** Changes the number of requests without an answer. */
  readonly #addRequests: (change: number) => void;
  readonly #requests = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #setup: PipelineSetup | undefined;
  /** Number of the present run: outputs of earlier ones that arrive late are dropped. */
  #run = 0;
  #closed = false;
  #lastRequest = 0;
  /** Estimated cost in ns of the frames that the thread has not processed. */
  #waiting = 0;
  /** Called when the thread has processed enough of them. */
  #processed: () => void = () => {};

  constructor(
    post: (message: ToPipeline) => void,
    emit: (output: StageOutput) => void,
    remove: () => void,
    addRequests: (change: number) => void,
  ) {
    this.#post = post;
    this.#emit = emit;
    this.#remove = remove;
    this.#addRequests = addRequests;
  }

  open(setup: PipelineSetup): void {
    const stages = setup.stages.flatMap((stage) => this.#plain(stage) ?? []);
    // a restart does not use the saved pipeline, so that it is not kept
    this.#setup = { ...setup, stages, saved: undefined };
    this.#post({ do: 'open', setup: { ...setup, stages }, run: ++this.#run });
  }

  add(stage: StageSetup, keep?: boolean): void {
    const plain = this.#plain(stage);
    if (!plain) return;
    if (this.#setup) this.#setup = { ...this.#setup, stages: withStage(this.#setup.stages, plain) };
    this.#post({ do: 'add', stage: plain, keep });
  }

  send(message: PipelineMessage): void {
    this.#post({ do: 'send', message });
  }

  /** Sends frames to the thread, and waits while too many of them are not processed. */
  *push(block: Block, slice: FrameSlice): Task {
    this.#post({ do: 'push', block: withOwnBuffer(block), slice });
    this.#waiting += frameCount(block) * slice.cost;
    yield postCost;
    while (this.#waiting > maxWaiting) {
      const { promise, resolve } = withResolvers();
      this.#processed = resolve;
      yield promise;
    }
  }

  save(): Promise<Uint8Array | undefined> {
    return this.#request('save');
  }

  learned(): Promise<Map<string, LearnedWeights>> {
    return this.#request('learned');
  }

  /** Ends the pipeline. Requests so far are still answered. */
  close(): void {
    this.#closed = true;
    this.#post({ do: 'close' });
    if (this.#requests.size === 0) this.#remove();
  }

  /** Processes a message from the worker thread. */
  receive(message: FromWorker): void {
    if ('outputs' in message) {
      if (message.run === this.#run) message.outputs.forEach(this.#emit);
      if (message.done !== undefined) this.#subtract(message.done);
      return;
    }
    const waiting = this.#requests.get(message.request);
    if (this.#requests.delete(message.request)) this.#addRequests(-1);
    if ('error' in message) waiting?.reject(new Error(message.error));
    else waiting?.resolve(message.result as never);
    if (this.#closed && this.#requests.size === 0) this.#remove();
  }

  /** Restarts the pipeline from its spec, in the new thread that has replaced a failed one. */
  restart(reason: string): void {
    this.#rejectRequests(reason);
    this.#subtract(this.#waiting);
    if (this.#closed) {
      this.#remove();
      return;
    }
    this.#emit({ type: 'broken', where: 'worker thread', message: `${reason}. The pipeline was restarted.` });
    if (this.#setup) this.#post({ do: 'open', setup: this.#setup, run: ++this.#run });
  }

  #subtract(cost: number): void {
    this.#waiting -= cost;
    if (this.#waiting <= maxWaiting) this.#processed();
  }

  #rejectRequests(reason: string): void {
    for (const { reject } of this.#requests.values()) reject(new Error(reason));
    this.#addRequests(-this.#requests.size);
    this.#requests.clear();
  }

  /** Returns a stage as plain data. If that is impossible, emits a 'broken' output and returns undefined. */
  #plain(setup: StageSetup): StageSetup | undefined {
    const { stage, optimizer, weights = {} } = setup;
    if (optimizer && stage.kind === 'learner') {
      const message = 'optimizer must be plain JSON with worker threads, got an object with functions';
      this.#emit({ type: 'broken', where: stage.spec.name, message });
      return undefined;
    }
    const plain: [string, WeightsLike][] = Object.entries(weights).map(([hash, held]) => [
      hash,
      held instanceof Network ? held.weights() : held,
    ]);
    return { ...setup, weights: Object.fromEntries(plain) };
  }

  #request<T>(what: 'save' | 'learned'): Promise<T> {
    if (this.#closed) return Promise.reject(new Error('the pipeline is closed'));
    const request = ++this.#lastRequest;
    this.#addRequests(1);
    return new Promise<T>((resolve, reject) => {
      this.#requests.set(request, { resolve: resolve, reject });
      this.#post({ do: what, request });
    });
  }
}

/** Returns stages with one added, or the one of the same name replaced. */
function withStage(stages: readonly StageSetup[], added: StageSetup): StageSetup[] {
  const name = stageName(added.stage);
  return [...stages.filter(({ stage }) => stageName(stage) !== name), added];
}
