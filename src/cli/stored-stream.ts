import { join } from 'node:path';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { frameCount, timeOf } from '../core/blocks/block.ts';
import { cutBlock } from '../core/blocks/cut-block.ts';
import { ReadOnlyRecording, type RecordedRun, recordedStreams } from '../store/read-only-recording.ts';
import type { BlockEvent, GapEvent, LostEvent, MarkEvent, RunEvent } from '../store/recorded-event.ts';
import { checkStreamName } from './address.ts';
import { counted } from './amounts.ts';
import { UsageError } from './failure.ts';

/** What is read of a recording. Times are in ms since 1970. */
export interface Selection {
  /** Time of the first frame. Default: the oldest one. */
  readonly from?: number;
  /** Time before which frames are read. Default: all. */
  readonly to?: number;
  /** The number of a run in the protocol. Default: all runs. */
  readonly run?: number;
}

/** A part of a recording, in order. */
export type StoredPart = RunEvent | BlockEvent | GapEvent | MarkEvent | LostEvent;

/** Opens the recording of a stream in a state directory. A server may use it meanwhile. @throws UsageError */
export async function openStored(state: string, stream: string): Promise<ReadOnlyRecording> {
  checkStreamName(stream);
  const directory = join(state, 'recordings');
  const streams = await recordedStreams(directory);
  if (streams.length === 0)
    throw new UsageError(
      `${directory} contains no recordings. Set --state to the directory of 'tapline serve --state'.`,
    );
  if (!streams.includes(stream))
    throw new UsageError(`stream ${stream} is not recorded in ${directory}. Recorded streams: ${streams.join(', ')}.`);
  return ReadOnlyRecording.open(join(directory, stream));
}

/** The runs of a recording with frames in a selection. @throws UsageError if there are none */
export function selectedRuns(recording: ReadOnlyRecording, selection: Selection): RecordedRun[] {
  const { from = -Infinity, to = Infinity, run } = selection;
  const recorded = recording.runs.filter(({ frames }) => frames > 0);
  const selected = recorded.filter(
    ({ event, first, last }) => last >= from && first < to && (run === undefined || numberOf(event) === run),
  );
  if (selected.length > 0) return selected;
  if (run !== undefined && !recorded.some(({ event }) => numberOf(event) === run))
    throw new UsageError(`--run must be the number of a recorded run, got ${run}.\n${runList(recorded)}`);
  throw new UsageError(`no frames are recorded from --from to before --to.\n${runList(recorded)}`);
}

/** Checks that runs can be written to one file. @throws UsageError if their channels or rates differ */
export function checkSameShape(runs: readonly RecordedRun[]): RunEvent {
  const shapeOf = ({ channels, rate }: RunEvent) =>
    JSON.stringify([rate, channels.map(({ label, unit }) => [label, unit])]);
  const [{ event }] = runs;
  if (runs.some((each) => shapeOf(each.event) !== shapeOf(event)))
    throw new UsageError(
      `the channels or the sampling rate change. Select a run with --run, or a time with --from and --to.\n${runList(runs)}`,
    );
  return event;
}

/**
 * Reads a selection in order, in bounded memory. A run is described before its first frame. Parts that cannot be read are
 * passed to `damaged` as a sentence.
 */
export async function* storedParts(
  recording: ReadOnlyRecording,
  { from = -Infinity, to = Infinity, run }: Selection,
  damaged: (sentence: string) => void,
): AsyncGenerator<StoredPart, void> {
  const last = to < Infinity ? recording.lastSegmentBefore(to) : Infinity;
  const isInside = (time: number) => time >= from && time < to;
  let current: RunEvent | undefined;
  let described: RunEvent | undefined;
  let block: BlockEvent['block'] | undefined;
  for await (const { event, position } of recording.read(from > -Infinity ? { time: from } : undefined)) {
    if (position.segment > last) return;
    if (event.type === 'damaged') {
      damaged(
        `${event.file} cannot be read${event.bytes > 0 ? ` at byte ${event.offset} (${event.bytes} bytes)` : ''}.`,
      );
      continue;
    }
    if (event.type === 'run') {
      current = event;
      block = undefined;
      continue;
    }
    if (!current || (run !== undefined && numberOf(current) !== run)) continue;
    if (event.type !== 'block' && event.type !== 'gap' && event.type !== 'mark' && event.type !== 'lost') continue;
    let part: StoredPart = event;
    if (event.type === 'block') {
      ({ block } = event);
      const cut = inside(block, from, to);
      if (!cut) continue;
      part = { type: 'block', block: cut };
    } else if (event.type === 'mark') {
      const time = event.time ?? (block ? timeOf(block, event.at) : from);
      if (!isInside(time)) continue;
    } else if (block && !isInside(timeOf(block, event.from))) continue;
    if (described !== current) yield current;
    described = current;
    yield part;
  }
}

/** The frames of a block within a time span; undefined if there are none. */
function inside(block: BlockEvent['block'], from: number, to: number): BlockEvent['block'] | undefined {
  const end = block.start + frameCount(block);
  let first = block.start;
  while (first < end && timeOf(block, first) < from) first++;
  let next = end;
  while (next > first && timeOf(block, next - 1) >= to) next--;
  return next > first ? cutBlock(block, first, next - first) : undefined;
}

/** The number of a run in the protocol. */
export function numberOf({ number, run }: RunEvent): number {
  return number ?? run;
}

/** One line per run, the newest ones. */
function runList(runs: readonly RecordedRun[]): string {
  const lines = runs.slice(-10).map(({ event, frames, first, last }) => {
    const { channels, rate } = event;
    const shape = `${counted(channels.length, 'channel')} at ${rate > 0 ? `${rate} Hz` : 'an irregular rate'}`;
    return `  run ${numberOf(event)}: ${dateOf(first)} to ${dateOf(last)}, ${counted(frames, 'frame')}, ${shape}`;
  });
  return ['Recorded runs:', ...(runs.length > 10 ? [`  ${runs.length - 10} older runs`] : []), ...lines].join('\n');
}

function dateOf(time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString() : 'an unknown time';
}

const ages: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Parses an age such as `2h` or `30m`. Returns ms; undefined if it is something else. */
export function ageIn(text: string): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text.trim()) ?? [];
  return count === undefined ? undefined : Number(count) * ages[unit];
}

/** Parses a time: ISO 8601 (local time if it contains no zone), or an age such as `2h` or `30m`. Returns ms since 1970. */
export function pointInTime(text: string): number {
  const age = ageIn(text);
  if (age !== undefined) return Date.now() - age;
  const isDate = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?)?$/i.test(text.trim());
  const time = isDate ? Date.parse(text.trim().replace(' ', 'T').replace(',', '.')) : NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError(
      'It must be a date and time such as 2026-03-01T12:00:00Z, or an age such as 90s, 30m, 2h, or 7d.',
    );
  return time;
}
