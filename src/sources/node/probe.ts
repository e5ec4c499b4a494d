import type { Channel } from '../../formats/recording.ts';

/** Some channels of the host, read together. `seconds` is the time since the last reading; the first is a baseline. */
export interface Probe {
  readonly channels: readonly Channel[];
  /** One sample a channel; NaN where it cannot be read now. */
  read(seconds: number): number[];
  close?(): void;
}

/** A probe of counters that only rise, as rates a second; undefined where the platform has none of them. */
export function rateProbe(channels: readonly Channel[], counters: () => number[] | undefined): Probe | undefined {
  let before = counters();
  if (!before) return undefined;
  return {
    channels,
    read(seconds) {
      const now = counters();
      const last = before;
      before = now;
      // A counter that fell was set back (an interface went): nothing is known of that time.
      return channels.map((_, i) => (now && last && now[i] >= last[i] ? (now[i] - last[i]) / seconds : NaN));
    },
  };
}

/** A probe of one number as it is now; undefined where the platform does not tell it. */
export function levelProbe(channel: Channel, level: () => number | undefined): Probe | undefined {
  if (level() === undefined) return undefined;
  return { channels: [channel], read: () => [level() ?? NaN] };
}
