import type { Block } from '../blocks/block.ts';
import { PendingTargets } from '../learning/pending-targets.ts';
import { bytesIn, numberIn, type State, stateIn } from '../state/state.ts';

/**
 * Targets that arrived before their frames, by target stream. They are kept for learners that are added or restarted
 * before these frames. If a frame has several targets, the first one that arrived is used, as in every learner.
 */
export class EarlyTargets {
  readonly #streams = new Map<string, { readonly channels: number; readonly targets: PendingTargets }>();

  /** Adds the targets in a block, except those of frames before `next`. */
  add(from: string, block: Block, next: number): void {
    const { channels } = block;
    const known = this.#streams.get(from);
    const stream = known?.channels === channels ? known : { channels, targets: new PendingTargets(channels) };
    this.#streams.set(from, stream);
    stream.targets.add(block, next);
  }

  /** Returns the targets of a target stream in blocks. */
  of(from: string): readonly Block[] {
    return this.#streams.get(from)?.targets.blocks ?? [];
  }

  /** Removes the blocks that end before frame `next`. */
  drop(next: number): void {
    for (const { targets } of this.#streams.values()) targets.drop(next);
  }

  save(): State {
    const streams = [...this.#streams].map(([from, { channels, targets }], i) => {
      return [String(i), { from: bytesOf(from), channels, targets: targets.save() }];
    });
    return Object.fromEntries(streams) as State;
  }

  restore(state: State): void {
    this.#streams.clear();
    for (const i of Object.keys(state)) {
      const stream = stateIn(state, i);
      const channels = numberIn(stream, 'channels');
      const targets = new PendingTargets(channels);
      targets.restore(stateIn(stream, 'targets'));
      this.#streams.set(textIn(stream, 'from'), { channels, targets });
    }
  }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textIn(state: State, name: string): string {
  return new TextDecoder().decode(bytesIn(state, name));
}
