import type { Finding } from './finding.ts';

/** Streams whose alarms nobody wants to hear until a time: a name, or its beginning and `*`. */
export interface MaintenanceWindow {
  streams: string;
  /** ms. */
  until: number;
}

/** Whether a stream's name is meant by `streams`. */
export function matchesStreams(streams: string, name: string): boolean {
  return streams.endsWith('*') ? name.startsWith(streams.slice(0, -1)) : name === streams;
}

/** Whether a stream is in one of them at a time. */
export function inMaintenance(list: readonly MaintenanceWindow[], name: string, time: number): boolean {
  return list.some(({ streams, until }) => until > time && matchesStreams(streams, name));
}

/** The list with one more, which takes the place of the one for the same streams; those that are over are left out. */
export function withMaintenance(
  list: readonly MaintenanceWindow[],
  one: MaintenanceWindow,
  time: number,
): MaintenanceWindow[] {
  return [...list.filter(({ streams }) => streams !== one.streams), one].filter(({ until }) => until > time);
}

/** Between a key and its labels, as they are saved. */
const separator = '\0';

/** What was cleared by hand though it lasts, channel by channel: it is not told again until it is over. */
export class Dismissals {
  /** Labels, by stream and kind. */
  readonly #labels = new Map<string, Set<string>>();

  add(key: string, { channels }: Finding): void {
    const labels = this.#labels.get(key) ?? new Set();
    for (const { label } of channels) labels.add(label);
    this.#labels.set(key, labels);
  }

  /** All of it is over. */
  end(key: string): void {
    this.#labels.delete(key);
  }

  /** What of a finding nobody dismissed; undefined: nothing. What was dismissed and is not in it any more is over. */
  remaining(key: string, finding: Finding): Finding | undefined {
    const labels = this.#labels.get(key);
    if (!labels) return finding;
    const kept = finding.channels.filter(({ label }) => labels.has(label));
    this.#labels.set(key, new Set(kept.map(({ label }) => label)));
    const channels = finding.channels.filter((channel) => !kept.includes(channel));
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
