import type { RejectedMessages } from '../protocol/watch-message.ts';
import { LatestCache } from './latest-cache.ts';
import { Rejections } from './rejections.ts';

/** Maximum number of names. */
const maxNames = 64;
/** How long the rejected messages of a name are shown after the last one, in ms. */
const shownFor = 600_000;

/** Rejected messages of sensors that have not opened a stream, by name. */
export class UnopenedRejections {
  readonly #names = new LatestCache<Rejections>(maxNames);

  of(name: string): Rejections {
    return this.#names.get(name, () => new Rejections());
  }

  /** Those of names without a stream, none of whose recent messages was accepted; `now` in ms. */
  recent(now: number, isOpen: (name: string) => boolean): { name: string; rejected: RejectedMessages }[] {
    const recent = this.#names.entries.filter(
      ([name, { lastTime }]) => name !== '' && !isOpen(name) && now - lastTime < shownFor,
    );
    return recent.flatMap(([name, { summary }]) => (summary ? [{ name, rejected: summary }] : []));
  }
}
