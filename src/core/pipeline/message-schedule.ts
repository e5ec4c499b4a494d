import { invalid } from '../check.ts';
import type { TimedMessage } from './pipeline-message.ts';
import type { StageName } from './pipeline-spec.ts';
import type { Stage, StageSlot } from './stage-slot.ts';

/** A message with the frame from which it applies. */
export type WaitingMessage = TimedMessage & { at: number };

/** Messages that apply from a later frame on, in order, and the stages that they add. */
export class MessageSchedule {
  readonly #waiting: WaitingMessage[] = [];
  /** Stages of the waiting 'add' messages. */
  readonly #stages = new Map<WaitingMessage, StageSlot<Stage>>();

  /** The waiting messages in the order in which they apply. Those that add a stage contain its complete spec. */
  get messages(): WaitingMessage[] {
    return this.#waiting.map((message) => {
      const slot = this.#stages.get(message);
      return slot && message.type === 'add' ? { ...message, stage: slot.spec } : message;
    });
  }

  /** The stages that waiting messages add, in the order of the messages. */
  get stages(): StageSlot<Stage>[] {
    return this.#waiting.flatMap((message) => this.#stages.get(message) ?? []);
  }

  /** Frame of the next message; Infinity if none waits. */
  get nextFrame(): number {
    return this.#waiting.at(0)?.at ?? Infinity;
  }

  /**
   * Adds a message after those of the same frame.
   * @param slot the stage that it adds
   */
  add(message: WaitingMessage, slot: StageSlot<Stage> | null): void {
    const place = this.#waiting.findIndex(({ at }) => at > message.at);
    this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, message);
    if (slot) this.#stages.set(message, slot);
  }

  /** Removes the next message. Returns it, and the stage that it adds. */
  shift(): [WaitingMessage, StageSlot<Stage> | null] {
    const message = this.#waiting.shift()!;
    const slot = this.#stages.get(message) ?? null;
    this.#stages.delete(message);
    return [message, slot];
  }

  /** Throws unless the stage of a message is one of `running`, or will be added. */
  check(message: TimedMessage, running: readonly StageName[]): void {
    if (message.type === 'add') return;
    const names = [...running, ...this.stages.map(({ name }) => name)];
    if (message.type === 'control') {
      const name = `learner ${message.learner}`;
      if (!names.includes(name)) throw invalid('learner', oneOfNames(names, 'learner '), message.learner);
    } else {
      const stage = message.type === 'feedback' ? 'detect' : message.stage;
      if (!names.includes(stage)) throw invalid('stage', oneOfNames(names, ''), stage);
    }
  }
}

function oneOfNames(names: readonly string[], prefix: string): string {
  const known = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return known.length > 0 ? `one of ${known.join(', ')}` : 'a stage of the pipeline';
}
