import { withResolvers } from './with-resolvers.ts';
import type { Task } from './work-scheduler.ts';

/** Runs the tasks that process the messages of a feed one at a time, and other work between tasks. */
export class FeedGate {
  /** Resolves when the current task has ended; undefined if there is none. */
  #occupied: Promise<void> | undefined;
  readonly #between: (() => void)[] = [];

  get isOccupied(): boolean {
    return this.#occupied !== undefined;
  }

  /** Waits until no task is being performed. */
  *idle(): Task {
    while (this.#occupied) yield this.#occupied;
  }

  /** Performs a task after the current one. */
  *enter<T>(task: Task<T>): Task<T> {
    yield* this.idle();
    const { promise, resolve } = withResolvers();
    this.#occupied = promise;
    try {
      return yield* task;
    } finally {
      this.#occupied = undefined;
      for (const work of this.#between.splice(0)) work();
      resolve();
    }
  }

  /** Calls `work` as soon as no task is being performed, before the next one begins. */
  between(work: () => void): void {
    if (this.#occupied) this.#between.push(work);
    else work();
  }
}
