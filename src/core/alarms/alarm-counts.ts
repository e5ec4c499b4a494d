/** How often a stream was told, and how often that was wrong. */
export interface AlarmCount {
  stream: string;
  alarms: number;
  falseAlarms: number;
}

/** Streams that are counted. */
const most = 1024;

/** Counts alarms and false alarms of every stream; of too many the one that was quiet longest is forgotten. */
export class AlarmCounts {
  readonly #counts = new Map<string, AlarmCount>();

  add(stream: string, what: 'alarms' | 'falseAlarms'): void {
    const count = this.#counts.get(stream) ?? { stream, alarms: 0, falseAlarms: 0 };
    count[what]++;
    this.#counts.delete(stream);
    this.#counts.set(stream, count);
    const [first] = this.#counts.keys();
    if (this.#counts.size > most) this.#counts.delete(first);
  }

  save(): AlarmCount[] {
    return Array.from(this.#counts.values(), (count) => ({ ...count }));
  }

  restore(counts: readonly AlarmCount[]): void {
    for (const count of counts) this.#counts.set(count.stream, { ...count });
  }
}
