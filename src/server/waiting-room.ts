import type { ClientAddress } from './client-address.ts';

/** Limits of a waiting room. */
export interface WaitingRoomOptions<T> {
  /** Maximum number of connections. */
  max: number;
  /** Maximum number of connections per address that stay for longer than a tick. */
  maxPerAddress: number;
  /** Number of ticks after which a connection must have left by itself. */
  patience: number;
  /** Closes a connection: its time is over, or it makes room for others. */
  turnOut: (item: T, from: ClientAddress, reason: 'late' | 'room') => void;
  /** Whether a connection does not wait any more. Default: only `remove` ends the wait. */
  isDone?: (item: T) => boolean;
}

interface Waiting {
  from: ClientAddress;
  ticks: number;
}

/** Part of a pool that is kept for loopback addresses: a sixteenth, at most 16. */
export function reservedOf(max: number): number {
  return Math.min(16, Math.floor(max / 16));
}

/**
 * Connections that hold a place without having said yet what they are for. If there is no room for a new one, the oldest of
 * the address with the most connections makes room, so that a flood displaces itself. Some places are kept for loopback
 * addresses.
 */
export class WaitingRoom<T> {
  readonly #options: WaitingRoomOptions<T>;
  /** In the order of arrival. */
  readonly #waiting = new Map<T, Waiting>();

  constructor(options: WaitingRoomOptions<T>) {
    this.#options = options;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Adds a connection; others may be turned out for it. */
  add(item: T, from: ClientAddress): void {
    const { max } = this.#options;
    const room = from.local ? max : max - reservedOf(max);
    this.#waiting.set(item, { from, ticks: 0 });
    if (this.#waiting.size > room) this.#sweep();
    if (this.#waiting.size > room) this.#turnOut(this.#oldest(from.local), 'room');
  }

  /** Removes a connection that does not wait any more. Returns whether it was waiting. */
  remove(item: T): boolean {
    return this.#waiting.delete(item);
  }

  /** Turns out connections that have waited for too long, and those of addresses with too many. */
  tick(): void {
    this.#sweep();
    const { patience, maxPerAddress } = this.#options;
    for (const [item, waiting] of this.#waiting) if (++waiting.ticks > patience) this.#turnOut(item, 'late');
    const counts = this.#counts(() => true);
    for (const [item, { from, ticks }] of this.#waiting) {
      const count = counts.get(from.key) ?? 0;
      if (from.proxy || count <= maxPerAddress || ticks < 2) continue;
      counts.set(from.key, count - 1);
      this.#turnOut(item, 'room');
    }
  }

  #sweep(): void {
    const { isDone } = this.#options;
    if (isDone) for (const item of this.#waiting.keys()) if (isDone(item)) this.#waiting.delete(item);
  }

  /** The oldest connection of the address with the most; those of loopback addresses make room only for each other. */
  #oldest(local: boolean): T {
    const counts = this.#counts((from) => local || !from.local);
    const most = Math.max(...counts.values());
    const [oldest] = [...this.#waiting].find(([, { from }]) => counts.get(from.key) === most)!;
    return oldest;
  }

  #counts(among: (from: ClientAddress) => boolean): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { from } of this.#waiting.values())
      if (among(from)) counts.set(from.key, (counts.get(from.key) ?? 0) + 1);
    return counts;
  }

  #turnOut(item: T, reason: 'late' | 'room'): void {
    const { from } = this.#waiting.get(item)!;
    this.#waiting.delete(item);
    this.#options.turnOut(item, from, reason);
  }
}
