/**
 * Cause of an alarm. For the kind 'unusual': a sample out of range, a slow mean out of range, or a poorly forecast
 * sample. For the other kinds: the kind.
 */
export type AlarmCause = 'range' | 'level' | 'surprise' | 'dead' | 'wear' | 'silent' | 'unrecorded';

/** What was found about a stream that is not normal. */
export interface Finding {
  /** Cause of the alarm. */
  cause: AlarmCause;
  /** log10 of the mean number of frames between scores as high; 0 if there is no score. */
  score: number;
  /** Rate of the scored frames in Hz; 0 = irregular. */
  rate: number;
  /** Affected channels, the most affected first. The shares sum to 1. */
  channels: {
    /** Label of the channel. */
    label: string;
    /** Share of the channel in the anomaly, 0 … 1. */
    share: number;
  }[];
  /** When it began, in ms; for a stream without samples, the time of its last samples. */
  since: number;
  /** Latest time at which it can have begun, in ms; only for a stream without samples, or that is not recorded. */
  by?: number;
  /** Why the stream is not recorded, such as 'the disk is full'; only for the cause 'unrecorded'. */
  reason?: string;
  /** Frames in which it was found. */
  window: {
    /** Number of the run. */
    run: number;
    /** Absolute index of the first frame. */
    from: number;
    /** Absolute index of the newest frame. */
    to: number;
  };
}

/** Decades by which a finding must be rarer than the reported one to be worse. */
const minRarityGain = 1;
/** Minimum share of an affected channel, except the first. */
const minShare = 0.1;
/** Maximum number of channels listed for the kind 'unusual'. For flatlined or drifted channels, all are listed. */
export const maxNamedChannels = 8;

/**
 * Returns whether a finding is a persistent condition, which is found at every frame or tick while it holds, and not a
 * single event.
 */
export function isPersistent({ cause }: Pick<Finding, 'cause'>): boolean {
  return cause === 'dead' || cause === 'wear' || isOfStream(cause);
}

/** Returns whether a cause concerns a whole stream, whatever its samples are. */
export function isOfStream(cause: AlarmCause): boolean {
  return cause === 'silent' || cause === 'unrecorded';
}

/** Returns the labels of the affected channels: the first one, and all with a share of at least 10 %. */
export function affectedChannels({ channels }: Finding): string[] {
  return channels.filter(({ share }, i) => i === 0 || share >= minShare).map(({ label }) => label);
}

/**
 * Returns whether a finding is worse than the reported one: it is ten times as rare, or its first channel was not
 * affected before. For flatlined or drifted channels: there are more of them.
 */
export function isWorse(finding: Finding, reported: Finding): boolean {
  if (isOfStream(finding.cause)) return false;
  if (isPersistent(finding))
    return finding.channels.some(({ label }) => reported.channels.every((one) => one.label !== label));
  return (
    finding.score >= reported.score + minRarityGain || !affectedChannels(reported).includes(finding.channels[0].label)
  );
}

/** Merges two findings of one alarm: the newer one, with the channels affected before and the earlier start. */
export function mergeFindings(finding: Finding, reported: Finding): Finding {
  const score = Math.max(finding.score, reported.score);
  const since = Math.min(finding.since, reported.since);
  return {
    ...finding,
    score,
    since,
    channels: isPersistent(finding) ? finding.channels : blend(finding.channels, reported.channels),
  };
}

/** Extends a window to the end of a newer one. If the run differs, the newer one applies. */
export function extendWindow(window: Finding['window'], newer: Finding['window']): Finding['window'] {
  return window.run === newer.run ? { ...window, to: newer.to } : newer;
}

/** Returns the mean of both shares; the channels of the first come first. */
function blend(first: Finding['channels'], second: Finding['channels']): Finding['channels'] {
  const shares = new Map(first.map(({ label, share }) => [label, share / 2]));
  for (const { label, share } of second) shares.set(label, (shares.get(label) ?? 0) + share / 2);
  return Array.from(shares, ([label, share]) => ({ label, share: Math.round(1000 * share) / 1000 })).slice(
    0,
    maxNamedChannels,
  );
}

/** Label of each cause in texts and lists. */
export const causeLabels: Readonly<Record<AlarmCause, string>> = {
  range: 'out of range',
  level: 'level shift',
  surprise: 'unexpected pattern',
  dead: 'flatlined',
  wear: 'slow drift',
  silent: 'no samples',
  unrecorded: 'not recorded',
};
