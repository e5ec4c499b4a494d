import type { Block } from '../core/blocks/block.ts';
import type { RecordedMark, Recording } from '../formats/recording.ts';
import { UsageError } from './failure.ts';
import { checkSameShape, openStored, type Selection, selectedRuns, storedParts } from './stored-stream.ts';

/** Maximum number of samples that are loaded into memory: 1 GiB. */
const maxSamples = 2 ** 28;

/**
 * Loads a selection of a stored stream into memory, to replay it. Runs follow each other at their times.
 * @throws UsageError if it is too large, or if its channels or rate change
 */
export async function storedRecording(
  state: string,
  stream: string,
  selection: Selection,
  damaged: (sentence: string) => void,
): Promise<Recording> {
  const recording = await openStored(state, stream);
  const { channels, rate, kind } = checkSameShape(selectedRuns(recording, selection));
  const blocks: Block[] = [];
  const marks: RecordedMark[] = [];
  let [frames, next, run] = [0, 0, -1];
  let time: number | undefined;
  /** Frame of the recording minus index of the frame in its run; undefined until the first block of a run. */
  let offset: number | undefined;
  for await (const part of storedParts(recording, selection, damaged)) {
    if (part.type === 'run') {
      if (part.run !== run) offset = undefined;
      ({ run } = part);
    } else if (part.type === 'block') {
      const { block } = part;
      time ??= block.time;
      const due = rate > 0 ? Math.round(((block.time - time) * rate) / 1000) : next;
      offset ??= Math.max(next, due) - block.start;
      const start = offset + block.start;
      blocks.push({ ...block, start });
      frames += block.data.length / block.channels;
      next = start + block.data.length / block.channels;
      if (frames * channels.length > maxSamples)
        throw new UsageError(
          `the time from --from to --to must contain at most ${maxSamples} samples. Replay a shorter time.`,
        );
    } else if (part.type === 'mark' && offset !== undefined) {
      const { label, frames: length, duration } = part;
      const at = offset + part.at;
      marks.push({
        at,
        time: part.time ?? timeOfFrame(blocks, at, rate),
        label,
        ...(length !== undefined && { frames: length }),
        ...(duration !== undefined && { duration }),
      });
    }
  }
  return {
    format: 'csv',
    channels,
    rate: rate > 0 ? rate : usualRate(blocks),
    ...(rate === 0 && { irregular: true }),
    ...(kind !== undefined && { kind }),
    time: time ?? 0,
    blocks: rate > 0 ? blocks : blocks.flatMap(singleFrames),
    frames,
    lost: next - frames,
    marks,
  };
}

/** The time of a frame by the clock of the last block. */
function timeOfFrame(blocks: readonly Block[], at: number, rate: number): number {
  const last = blocks.at(-1);
  if (!last) return 0;
  return rate > 0 ? last.time + ((at - last.start) * 1000) / rate : last.time;
}

/** The mean rate of irregular blocks in Hz. */
function usualRate(blocks: readonly Block[]): number {
  const [first, last] = [blocks.at(0), blocks.at(-1)];
  const seconds = first && last ? (last.time - first.time) / 1000 : 0;
  const frames = last && first ? last.start - first.start : 0;
  return seconds > 0 && frames > 0 ? frames / seconds : 1;
}

function singleFrames(block: Block): Block[] {
  const { data, channels, start, valid } = block;
  return Array.from({ length: data.length / channels }, (_, f) => ({
    ...block,
    data: data.subarray(f * channels, (f + 1) * channels),
    start: start + f,
    ...(valid && { valid: valid.subarray(f, f + 1) }),
  }));
}
