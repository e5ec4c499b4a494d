import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import type { LearnerSpec } from './feed-spec.ts';
import { learnerOf } from './learner-json.ts';

/** Name of the file with the learners that viewers added. */
const fileName = 'learners.json';

/** Maximum number of learners that viewers can add to a stream. */
export const maxAdded = 16;

/**
 * The learners that are added to the feeds of streams: those of the server's options, and those that viewers added, which are
 * saved in a directory.
 */
export class AddedLearners {
  readonly #configured: ReadonlyMap<string, readonly LearnerSpec[]>;
  /** As JSON, by stream. */
  readonly #added = new Map<string, LearnerSpec[]>();
  readonly #powerLine: number;
  readonly #path: string | undefined;
  readonly #log: (line: string) => void;

  /**
   * @param configured learners of the options, by stream
   * @param powerLine power-line frequency in Hz of learners that have none
   * @param directory directory of the file; undefined: learners that viewers add are not saved
   */
  constructor(
    configured: Readonly<Record<string, readonly LearnerSpec[]>>,
    powerLine: number,
    directory: string | undefined,
    log: (line: string) => void,
  ) {
    this.#configured = new Map(Object.entries(configured));
    this.#path = directory === undefined ? undefined : join(directory, fileName);
    this.#powerLine = powerLine;
    this.#log = log;
    if (this.#path !== undefined) this.#read(this.#path);
  }

  /** The learners that are added to a stream, in the order in which they were added. */
  of(stream: string): readonly LearnerSpec[] {
    const all = [...(this.#configured.get(stream) ?? []), ...(this.#added.get(stream) ?? [])];
    return all.map((learner) => this.#complete(learner));
  }

  /** The learners of the options of the server, by name. */
  get configured(): { stream: string; learner: string }[] {
    return [...this.#configured].flatMap(([stream, all]) => all.map(({ name }) => ({ stream, learner: name })));
  }

  #complete(learner: LearnerSpec): LearnerSpec {
    return { powerLine: this.#powerLine, ...learner };
  }

  /** Whether a learner comes from the options of the server, so that viewers cannot remove it for good. */
  isConfigured(stream: string, name: string): boolean {
    return this.#configured.get(stream)?.some((learner) => learner.name === name) ?? false;
  }

  /** Whether a viewer added a learner. */
  isAdded(stream: string, name: string): boolean {
    return this.#added.get(stream)?.some((learner) => learner.name === name) ?? false;
  }

  /** The number of learners that viewers have added to a stream. */
  count(stream: string): number {
    return this.#added.get(stream)?.length ?? 0;
  }

  /** Adds a learner of a viewer, and returns it with the settings of the server. */
  add(stream: string, learner: LearnerSpec): LearnerSpec {
    this.#added.set(stream, [...(this.#added.get(stream) ?? []), learner]);
    this.#write();
    return this.#complete(learner);
  }

  /** Removes a learner that a viewer added; returns false if there is none. */
  remove(stream: string, name: string): boolean {
    const before = this.#added.get(stream) ?? [];
    const after = before.filter((learner) => learner.name !== name);
    if (after.length === before.length) return false;
    if (after.length === 0) this.#added.delete(stream);
    else this.#added.set(stream, after);
    this.#write();
    return true;
  }

  #read(path: string): void {
    let saved: Record<string, unknown>;
    try {
      saved = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#log(`skipped ${fileName}: ${String(error)}`);
      return;
    }
    for (const [stream, learners] of Object.entries(saved))
      for (const json of Array.isArray(learners) ? (learners as unknown[]) : [])
        try {
          this.#added.set(stream, [...(this.#added.get(stream) ?? []), learnerOf(json)]);
        } catch (error) {
          this.#log(`skipped a learner of stream ${stream} in ${fileName}: ${(error as Error).message}`);
        }
  }

  #write(): void {
    if (this.#path === undefined) return;
    try {
      writeFileAtomic.sync(this.#path, `${JSON.stringify(Object.fromEntries(this.#added), undefined, 2)}\n`);
    } catch (error) {
      this.#log(`could not save ${fileName}: ${String(error)}`);
    }
  }
}
