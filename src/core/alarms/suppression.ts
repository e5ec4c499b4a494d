import type { Finding } from './finding.ts';

/** Streams whose alarms are suppressed until a time: a name, or a prefix and `*`. */
export interface MaintenanceWindow {
  /** Name of a stream, or a prefix of names followed by `*`. */
  streams: string;
  /** End of the maintenance, in ms since 1970. */
  until: number;
}

/** Returns whether a stream's name matches `streams`. */
export function matchesStreams(streams: string, name: string): boolean {
  return streams.endsWith('*') ? name.startsWith(streams.slice(0, -1)) : name === streams;
}

/** Returns whether a stream is in maintenance at a time. */
export function inMaintenance(list: readonly MaintenanceWindow[], name: string, time: number): boolean {
  return list.some(({ streams, until }) => until > time && matchesStreams(streams, name));
}

/** Returns the list with one more window, which replaces the one for the same streams. Expired windows are removed. */
export function withMaintenance(
  list: readonly MaintenanceWindow[],
  one: MaintenanceWindow,
  time: number,
): MaintenanceWindow[] {
  return [...list.filter(({ streams }) => streams !== one.streams), one].filter(({ until }) => until > time);
}

/** Separates a key and its labels in the saved form. */
const separator = '\0';

/** Persistent conditions whose alarm was cleared manually, per channel. They are not reported again until they end. */
export class Dismissals {
  /** Channel labels, by stream and kind. */
  readonly #labels = new Map<string, Set<string>>();

  add(key: string, { channels }: Finding): void {
    const labels = this.#labels.get(key) ?? new Set();
    for (const { label } of channels) labels.add(label);
    this.#labels.set(key, labels);
  }

  /** Removes a condition that has ended. */
  end(key: string): void {
    this.#labels.delete(key);
  }

  /**
   * Returns the part of a finding that was not dismissed; undefined if there is none. Dismissed channels that the
   * finding no longer contains have ended.
   */
  remaining(key: string, finding: Finding): Finding | undefined {
    const labels = this.#labels.get(key);
    if (!labels) return finding;
    const dismissed = finding.channels.filter(({ label }) => labels.has(label));
    this.#labels.set(key, new Set(dismissed.map(({ label }) => label)));
    const channels = finding.channels.filter((channel) => !dismissed.includes(channel));
    const sum = channels.reduce((total, { share }) => total + share, 0);
    if (channels.length === 0) return undefined;
    return { ...finding, channels: channels.map(({ label, share }) => ({ label, share: share / sum })) };
  }

  save(): string[] {
    return Array.from(this.#labels, ([key, labels]) => [key, ...labels].join(separator));
  }

  restore(saved: readonly string[]): void {
    for (const [key, ...labels] of saved.map((one) => one.split(separator))) this.#labels.set(key, new Set(labels));
  }
}
