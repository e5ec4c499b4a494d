/** How often a stream was told, and how often that was wrong. */
export interface AlarmCount {
  stream: string;
  alarms: number;
  falseAlarms: number;
}

/** Counts alarms and false alarms of every stream. */
export class AlarmCounts {
  readonly #counts = new Map<string, AlarmCount>();

  add(stream: string, what: 'alarms' | 'falseAlarms'): void {
    const count = this.#counts.get(stream) ?? { stream, alarms: 0, falseAlarms: 0 };
    count[what]++;
    this.#counts.set(stream, count);
  }

  save(): AlarmCount[] {
    return Array.from(this.#counts.values(), (count) => ({ ...count }));
  }

  restore(counts: readonly AlarmCount[]): void {
    for (const count of counts) this.#counts.set(count.stream, { ...count });
  }
}
