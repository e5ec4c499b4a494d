/**
 * What a note is about. A learner has at most one note of each kind; `state`: why it does not run, or how it started; `targets`: why
 * its targets are not those of its frames.
 */
export type NoteKind = 'state' | 'name' | 'targets';

/**
 * Notes on learners that wait for their target stream, cannot run, were not added, or start with new weights: one sentence for
 * each.
 */
export class LearnerNotes {
  /** By learner and kind. */
  readonly #notes = new Map<string, string>();
  /** All sentences that `takeNew` has returned. */
  readonly #taken = new Set<string>();

  /** All sentences. */
  get sentences(): string[] {
    return [...this.#notes.values()];
  }

  /** @param text what there is to say about the learner, as the end of a sentence that starts with its name */
  set(learner: string, text: string, kind: NoteKind = 'state'): void {
    this.#notes.set(`${kind} ${learner}`, `learner ${learner} ${text}`);
  }

  /** Removes the notes of the kinds 'state' and 'targets'. */
  delete(learner: string): void {
    this.#notes.delete(`state ${learner}`);
    this.#notes.delete(`targets ${learner}`);
  }

  clear(): void {
    this.#notes.clear();
  }

  /** Returns the sentences that have not been returned before. */
  takeNew(): string[] {
    const sentences = this.sentences.filter((sentence) => !this.#taken.has(sentence));
    for (const sentence of sentences) this.#taken.add(sentence);
    return sentences;
  }
}
