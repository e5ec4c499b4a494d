import type { Block } from '../core/blocks/block.ts';
import type { FeedInfo } from './feed-spec.ts';

/** How far targets may run ahead of their stream, in frames; later ones are ignored. */
const maxEarlyTargets = 65_536;

/** Whether targets run too far ahead of their stream, whose next frame is `next`. */
export function isTooEarly({ start }: Block, next: number): boolean {
  return start > next + maxEarlyTargets;
}

/** Frames that a stream may have had when a target stream starts again, without a report. */
export const maxTargetOffset = 1024;

/** What a learner does whose target stream has begun a new numbering: the end of a sentence that starts with its name. */
export function offsetNote(target: string): string {
  return `learns from ${target}, which has started a new run; targets are assigned to frames by their index, so start a new run of this stream too`;
}

/** A stream that can be the target of another one. */
export interface TargetInfo extends FeedInfo {
  /** Name of the stream that it is declared to be the target of. */
  readonly for?: string;
  /** Its run, and the index of its next frame. */
  readonly run?: number;
  readonly next?: number;
}

/** The connected streams that are targets of the learners of a feed. */
export class FeedTargets {
  #connected: readonly TargetInfo[] = [];

  /** All of them, whatever their sampling rate. */
  get connected(): readonly TargetInfo[] {
    return this.#connected;
  }

  /** Those that are declared as targets of the stream and have its sampling rate. */
  declaredFor({ name, rate }: FeedInfo): readonly TargetInfo[] {
    return this.#connected.filter((target) => target.rate === rate && target.for === name);
  }

  has(name: string): boolean {
    return this.#connected.some((target) => target.name === name);
  }

  /** Replaces the streams. Returns the names of those that are new, have restarted, or have another sampling rate. */
  set(targets: readonly TargetInfo[], restarted: string | undefined): ReadonlySet<string> {
    const before = new Map(this.#connected.map(({ name, rate }) => [name, rate]));
    this.#connected = targets;
    const changed = targets.filter(({ name, rate }) => before.get(name) !== rate || name === restarted);
    return new Set(changed.map(({ name }) => name));
  }
}
