import { type Block, frameCount, timeOf } from '../../core/blocks/block.ts';
import { cutBlock } from '../../core/blocks/cut-block.ts';
import type { ReadOnlyRecording } from '../../store/read-only-recording.ts';
import type { RecordedEvent, RunEvent } from '../../store/recorded-event.ts';

/** A time span that is replayed, in ms since 1970. */
export interface BacktestSpan {
  /** Time of the first frame that counts. */
  readonly from: number;
  /** Time before which frames count. */
  readonly to: number;
  /** How long before `from` the replay begins; Infinity: at the beginning of the recording. */
  readonly warmUp: number;
}

/** Amounts read from a recording so far. */
export interface ReadAmounts {
  /** Number of frames in the warm-up, and in the span. */
  warmUp: number;
  frames: number;
  /** Duration of these frames in ms. */
  warmUpTime: number;
  time: number;
  /** Recorded times of the first and the last frame in the span. */
  first: number | undefined;
  last: number | undefined;
  /** Frames in the span that are missing: reported gaps, and frames that were not recorded. */
  gaps: number;
  lost: number;
  /** Number of runs with frames in the span. */
  runs: number;
  /** Whether reading began with the first frame of the stream. */
  isWhole: boolean;
  /** Sentences on parts that cannot be read. */
  readonly damage: string[];
}

/** An event of a recording, at a time that does not decrease. */
export interface SpanEvent {
  readonly event: RecordedEvent;
  /** The description of its run. */
  readonly run: RunEvent;
  /** Time of the replay in ms since 1970, which does not decrease: the end of the last frame so far. */
  readonly now: number;
  /** Whether the event is within the span. */
  readonly isInSpan: boolean;
}

/** Maximum number of sentences on damaged parts. */
const maxDamage = 20;

/** How far the clock of a recording can go back before it counts as set, in ms. */
const tolerance = 1000;

/**
 * Reads the warm-up and the span of a recording in order, in bounded memory. A block is cut where the span begins and ends. Parts that
 * cannot be read are counted in `amounts`, and their frames are missing.
 */
export async function* spanEvents(
  recording: Pick<ReadOnlyRecording, 'read' | 'lastSegmentBefore'>,
  { from, to, warmUp }: BacktestSpan,
  amounts: ReadAmounts,
): AsyncGenerator<SpanEvent, void> {
  const last = to < Infinity ? recording.lastSegmentBefore(to) : Infinity;
  const begin = from - warmUp;
  const clock = new ReplayClock();
  let current: RunEvent | undefined;
  let [isInSpan, isAfter, isFirst] = [false, false, true];
  let countedRun = -1;
  for await (const stored of recording.read(begin > -Infinity ? { time: begin } : undefined)) {
    const { event, position, run, index } = stored;
    if (position.segment > last) return;
    if (event.type === 'damaged') {
      const { file, offset, bytes } = event;
      const where = bytes > 0 ? `is damaged at byte ${offset} (${bytes} bytes)` : 'was deleted while it was read';
      if (amounts.damage.length < maxDamage) amounts.damage.push(`${file} ${where}`);
      continue;
    }
    if (event.type === 'run') current = event;
    // the description of a run can be damaged: its frames cannot be processed
    if (!current || current.run !== run) continue;
    if (isFirst && (event.type === 'block' || event.type === 'gap' || event.type === 'lost')) {
      amounts.isWhole = run === 0 && index === current.next;
      isFirst = false;
    }
    if (event.type === 'lost' || event.type === 'gap') {
      if (isInSpan && !isAfter) amounts[event.type === 'lost' ? 'lost' : 'gaps'] += event.count;
      continue;
    }
    if (event.type !== 'block') {
      // what follows frames after the span belongs to them
      if (!isAfter || event.type === 'run') yield { event, run: current, now: clock.now, isInSpan };
      continue;
    }
    for (const block of parts(event.block, from, to)) {
      isAfter = block.time >= to;
      if (isAfter) continue;
      isInSpan = block.time >= from;
      count(block, isInSpan, amounts);
      if (isInSpan && countedRun !== run) amounts.runs++;
      if (isInSpan) countedRun = run;
      yield { event: { type: 'block', block }, run: current, now: clock.advance(block), isInSpan };
    }
  }
}

function count(block: Block, isInSpan: boolean, amounts: ReadAmounts): void {
  const frames = frameCount(block);
  const time = block.rate > 0 ? (1000 * frames) / block.rate : 0;
  if (!isInSpan) {
    amounts.warmUp += frames;
    amounts.warmUpTime += time;
    return;
  }
  amounts.frames += frames;
  amounts.time += time;
  amounts.first ??= block.time;
  amounts.last = timeOf(block, block.start + frames - 1);
}

/** The parts of a block before, within, and after a time span. */
function parts(block: Block, from: number, to: number): Block[] {
  const end = block.start + frameCount(block);
  const first = firstAt(block, from, block.start, end);
  const next = firstAt(block, to, first, end);
  return [
    cutBlock(block, block.start, first - block.start),
    cutBlock(block, first, next - first),
    cutBlock(block, next),
  ].filter((part) => part.data.length > 0);
}

/** The first frame at or after a time, from `index` to `end`. */
function firstAt(block: Block, time: number, index: number, end: number): number {
  if (timeOf(block, end - 1) < time) return end;
  let first = index;
  while (first < end && timeOf(block, first) < time) first++;
  return first;
}

/** The time of a replay. If the clock of the recording was set back, the time advances by the intervals between frames. */
class ReplayClock {
  now = -Infinity;
  #offset = 0;

  /** Returns the time at which the last frame of a block was complete: about when the server received it. */
  advance(block: Block): number {
    const time = timeOf(block, block.start + frameCount(block));
    if (time >= this.now) this.#offset = 0;
    else if (time + this.#offset < this.now - tolerance) this.#offset = this.now - time;
    this.now = Math.max(this.now, time + this.#offset);
    return this.now;
  }
}

/** Amounts before anything was read. */
export function noAmounts(): ReadAmounts {
  return {
    warmUp: 0,
    frames: 0,
    warmUpTime: 0,
    time: 0,
    first: undefined,
    last: undefined,
    gaps: 0,
    lost: 0,
    runs: 0,
    isWhole: false,
    damage: [],
  };
}

/** Events of several sources, the one with the earliest time first. The order within each source stays. */
export async function* merged<Name>(
  sources: ReadonlyMap<Name, AsyncGenerator<SpanEvent, void>>,
): AsyncGenerator<SpanEvent & { readonly name: Name }, void> {
  const heads: { name: Name; source: AsyncGenerator<SpanEvent, void>; head: SpanEvent }[] = [];
  try {
    for (const [name, source] of sources) {
      const { value } = await source.next();
      if (value) heads.push({ name, source, head: value });
    }
    while (heads.length > 0) {
      const first = heads.reduce((least, each) => (each.head.now < least.head.now ? each : least));
      yield { ...first.head, name: first.name };
      const { value } = await first.source.next();
      if (value) first.head = value;
      else heads.splice(heads.indexOf(first), 1);
    }
  } finally {
    for (const source of sources.values()) await source.return();
  }
}
