import type { StreamInfo } from '../protocol/stream-info.ts';
import type { Feed } from './feed.ts';

/** Which streams are the targets of which: those that declare it (`for`), and those that a learner names. */
export class TargetAssignments {
  /** The streams that learn from each stream, by its name. */
  readonly #learning = new Map<string, Feed[]>();

  /** The streams that learn from a stream. */
  learningFrom(name: string): readonly Feed[] {
    return this.#learning.get(name) ?? [];
  }

  /**
   * Assigns its targets to every stream.
   * @param infos the streams that can be targets
   * @param restarted name of a stream that has started a new run
   */
  assign(feeds: readonly Feed[], infos: readonly StreamInfo[], restarted?: string): void {
    this.#learning.clear();
    for (const feed of feeds) {
      const targets = infos.filter(
        (info) => info.name !== feed.name && (info.for === feed.name || feed.pipeline.stages.wantsTarget(info.name)),
      );
      for (const { name } of targets) this.#learning.set(name, [...this.learningFrom(name), feed]);
      feed.setTargets(targets, restarted);
    }
  }
}
