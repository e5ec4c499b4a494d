/**
 * Work for one client: a generator that yields the estimated cost of each slice in ns, or a promise to wait for. It handles
 * its own errors, unless it is run with `run`.
 */
export type Task<T = void> = Generator<number | Promise<void>, T, void>;

/** Options of a `WorkScheduler`. */
export interface WorkSchedulerOptions {
  /** Limit in ns of a turn, for the estimated cost of its slices and for its duration. Default: 5,000,000 (5 ms). */
  turn?: number;
  /** Returns the time in ms. Default: `performance.now()`. */
  now?: () => number;
  /** Called with an error that a started task did not handle. Default: it is thrown. */
  failed?: (error: unknown) => void;
  /** Calls a function after sockets and timers were served. Default: `setImmediate`. */
  defer?: (work: () => void) => unknown;
}

/**
 * Performs the work of many clients in turns of bounded cost. In a turn, the ready tasks alternate, one slice each. Between
 * turns, sockets and timers are served. Work that arrives while nothing else waits is done immediately.
 *
 * A turn ends when the estimated cost of its slices, or the time since its beginning, reaches a limit: the estimate is too low
 * on a slow or busy machine. What the tasks produce does not depend on the turns.
 */
export class WorkScheduler {
  readonly #turn: number;
  readonly #defer: (work: () => void) => unknown;
  readonly #failed: (error: unknown) => void;
  readonly #now: () => number;
  /** Tasks that can perform a slice, in order. */
  #ready: Task[] = [];
  /** Cost of the slices in this turn, and when it began, in ms. */
  #spent = 0;
  #began = 0;
  #isDeferred = false;
  #isWorking = false;

  constructor({
    turn = 5_000_000,
    defer = setImmediate,
    failed = rethrow,
    now = () => performance.now(),
  }: WorkSchedulerOptions = {}) {
    this.#now = now;
    this.#turn = turn;
    this.#failed = failed;
    this.#defer = defer;
  }

  /** Starts a task. */
  start(task: Task): void {
    this.#ready.push(task);
    if (!this.#isWorking) this.#work();
  }

  /** Starts a task, and returns its result. */
  run<T>(task: Task<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.start(settling(task, resolve, reject));
    });
  }

  #work(): void {
    this.#isWorking = true;
    if (this.#spent === 0) this.#began = this.#now();
    try {
      while (this.#ready.length > 0 && !this.#isOver) this.#advance(this.#ready.shift()!);
    } finally {
      this.#isWorking = false;
      if (this.#spent > 0) this.#deferNext();
    }
  }

  /** Whether the turn has ended. */
  get #isOver(): boolean {
    if (this.#spent === 0) return false;
    return this.#spent >= this.#turn || (this.#now() - this.#began) * 1e6 >= this.#turn;
  }

  #advance(task: Task): void {
    let step: ReturnType<Task['next']>;
    try {
      step = task.next();
    } catch (error) {
      this.#failed(error);
      return;
    }
    const { done, value } = step;
    if (done) return;
    if (typeof value === 'number') {
      this.#spent += value;
      this.#ready.push(task);
      return;
    }
    const resume = () => {
      this.start(task);
    };
    value.then(resume, resume);
  }

  #deferNext(): void {
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#defer(() => {
      this.#isDeferred = false;
      this.#spent = 0;
      this.#work();
    });
  }
}

function rethrow(error: unknown): never {
  throw error;
}

function* settling<T>(task: Task<T>, resolve: (result: T) => void, reject: (error: unknown) => void): Task {
  try {
    resolve(yield* task);
  } catch (error) {
    reject(error);
  }
}

/**
 * Performs all slices of a task at once.
 * @throws TypeError if it waits
 */
export function runNow<T>(task: Task<T>): T {
  for (;;) {
    const { done, value } = task.next();
    if (done) return value;
    if (typeof value !== 'number') throw new TypeError('task must not wait');
  }
}
