/** What made it so; of 'unusual': a sample out of range, a slow mean out of range, a badly forecast one. */
export type AlarmCause = 'range' | 'level' | 'surprise' | 'dead' | 'wear' | 'silent';

/** What is known of a stream that is out of the ordinary. */
export interface Finding {
  cause: AlarmCause;
  /** log10 of the mean frames between scores as high; 0 where nothing was scored. */
  score: number;
  /** Frames a second that the score counts, in Hz; 0 = irregular. */
  rate: number;
  /** Who is concerned, most first; shares are of 1. */
  channels: { label: string; share: number }[];
  /** When it began to build up, in ms; of silence: when the stream was last heard. */
  since: number;
  /** When it had begun at the latest, in ms, where that is not known better: of silence. */
  by?: number;
  /** The frames it was found in, absolute, of a run: the first, and the newest. */
  window: { run: number; from: number; to: number };
}

/** Decades by which a finding must be rarer than one that was told, to be worse. */
const minRarityGain = 1;
/** The share from which on a channel is concerned beside the first. */
const minShare = 0.1;
/** Channels that are named of what is unusual; of what is dead or worn, all are. */
export const maxNamedChannels = 8;

/** Whether it is a state, which is found at every frame or tick while it lasts, and no single event. */
export function isPersistent({ cause }: Pick<Finding, 'cause'>): boolean {
  return cause === 'dead' || cause === 'wear' || cause === 'silent';
}

/** The channels that it is of, by label: the first, and whoever has a tenth of it. */
export function affectedChannels({ channels }: Finding): string[] {
  return channels.filter(({ share }, i) => i === 0 || share >= minShare).map(({ label }) => label);
}

/**
 * Whether somebody who was told of one finding should be told of another: it is ten times as rare, or led by a channel that
 * was not concerned; of channels that are dead or worn, there are more.
 */
export function isWorse(found: Finding, told: Finding): boolean {
  if (found.cause === 'silent') return false;
  if (isPersistent(found)) return found.channels.some(({ label }) => told.channels.every((one) => one.label !== label));
  return found.score >= told.score + minRarityGain || !affectedChannels(told).includes(found.channels[0].label);
}

/** What is known by two findings of one alarm: the newer one, and beside it who was concerned before, and since when. */
export function mergeFindings(found: Finding, told: Finding): Finding {
  const score = Math.max(found.score, told.score);
  const since = Math.min(found.since, told.since);
  return {
    ...found,
    score,
    since,
    channels: isPersistent(found) ? found.channels : blend(found.channels, told.channels),
  };
}

/** A window that is continued by a newer one; of another run the newer one alone. */
export function extendWindow(window: Finding['window'], newer: Finding['window']): Finding['window'] {
  return window.run === newer.run ? { ...window, to: newer.to } : newer;
}

/** The mean of both, those of the first in front. */
function blend(first: Finding['channels'], second: Finding['channels']): Finding['channels'] {
  const shares = new Map(first.map(({ label, share }) => [label, share / 2]));
  for (const { label, share } of second) shares.set(label, (shares.get(label) ?? 0) + share / 2);
  return Array.from(shares, ([label, share]) => ({ label, share: Math.round(1000 * share) / 1000 })).slice(
    0,
    maxNamedChannels,
  );
}

/** What each cause means, to somebody who reads a list. */
export const causeLabels: Readonly<Record<AlarmCause, string>> = {
  range: 'out of range',
  level: 'level shift',
  surprise: 'unlike before',
  dead: 'shows nothing new',
  wear: 'slow wear',
  silent: 'no samples',
};
