/** Frames of one stream, as its device counted them. */
export interface Sent {
  /** Name of the stream. */
  readonly stream: string;
  /** Index after the last frame: all frames from 0 on were sent or skipped. */
  readonly next: number;
  /** Frames that the device skipped on purpose, or dropped because it had no room for them. */
  readonly omitted: number;
}

/** Frames of one stream, as the server counted them. */
export interface Processed {
  readonly received: number;
  readonly gaps: number;
  readonly next: number;
}

/** Frames of one subscription, from its first to the last frame of the stream. */
export interface Viewed {
  readonly stream: string;
  /** Index of the first new frame. */
  readonly from: number;
  readonly frames: number;
  readonly gaps: number;
  /** Frames that the server reported as dropped for this viewer. */
  readonly dropped: number;
  /** Gaps that the server reported as dropped; their lengths are unknown. */
  readonly droppedGaps: number;
  /** Frames out of order, or with samples of another frame. */
  readonly wrong: readonly string[];
}

/** Sums over streams. */
export interface Totals {
  streams: number;
  sent: number;
  processed: number;
  gaps: number;
}

/** The reasons why a stream's account does not balance: frames sent = frames processed + frames reported as gaps. */
export function imbalance({ stream, next, omitted }: Sent, processed: Processed | undefined): string[] {
  if (!processed) return [`${stream}: the server does not list the stream`];
  const { received, gaps } = processed;
  const problems: string[] = [];
  if (received + gaps !== next)
    problems.push(`${stream}: ${next} frames sent, but ${received} processed + ${gaps} in gaps = ${received + gaps}`);
  if (gaps !== omitted) problems.push(`${stream}: ${omitted} frames omitted, but ${gaps} reported as gaps`);
  if (processed.next !== next) problems.push(`${stream}: next must be ${next}, got ${processed.next}`);
  return problems;
}

/** The reasons why the account of a viewer does not balance, for a stream of `next` frames with `gaps` missing ones. */
export function viewImbalance(view: Viewed, next: number, gaps: number): string[] {
  const { stream, from, frames, dropped, droppedGaps, wrong } = view;
  const problems = [...wrong];
  const missing = next - from - frames - view.gaps - dropped;
  const explained = droppedGaps > 0 && missing > 0 && missing <= gaps - view.gaps;
  if (missing !== 0 && !explained)
    problems.push(
      `${stream}: a viewer received ${frames} frames, ${view.gaps} in gaps, and ${dropped} reported as dropped of ${next - from}`,
    );
  return problems;
}
