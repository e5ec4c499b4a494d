/** What a note is about. A learner has at most one note of each kind; `state`: why it does not run, or how it started. */
export type NoteKind = 'state' | 'name' | 'late';

/** A note, and by what it is recognized when it is logged. */
interface Note {
  readonly sentence: string;
  readonly logged: string;
}

/**
 * Notes on learners that wait for their target stream, cannot run, were not added, start with new weights, or skip late targets:
 * one sentence for each.
 */
export class LearnerNotes {
  /** By learner and kind. */
  readonly #notes = new Map<string, Note>();
  /** What has been returned by `takeNew`. */
  readonly #taken = new Set<string>();

  /** All sentences. */
  get sentences(): string[] {
    return Array.from(this.#notes.values(), ({ sentence }) => sentence);
  }

  /**
   * Adds or replaces a note. A note of the kind 'late', whose numbers change, is returned by `takeNew` once for each learner.
   * @param text what there is to say about the learner, as the end of a sentence that starts with its name
   */
  set(learner: string, text: string, kind: NoteKind = 'state'): void {
    const key = keyOf(learner, kind);
    const sentence = `learner ${learner} ${text}`;
    this.#notes.set(key, { sentence, logged: kind === 'late' ? key : sentence });
  }

  delete(learner: string, kind: NoteKind = 'state'): void {
    this.#notes.delete(keyOf(learner, kind));
  }

  clear(): void {
    this.#notes.clear();
  }

  /** Returns the sentences that have not been returned before. */
  takeNew(): string[] {
    const notes = [...this.#notes.values()].filter(({ logged }) => !this.#taken.has(logged));
    for (const { logged } of notes) this.#taken.add(logged);
    return notes.map(({ sentence }) => sentence);
  }
}

function keyOf(learner: string, kind: NoteKind): string {
  return `${kind} ${learner}`;
}
