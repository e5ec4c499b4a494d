import type { OperatorFunction } from 'rxjs';
import { AlarmManager, type AlarmEvent } from '../core/alarms/alarm-manager.ts';
import { alarmOptions, type AlarmOptions } from '../core/alarms/alarm-options.ts';
import { eachFrame } from '../core/alarms/digest.ts';
import { StreamDetector } from '../core/alarms/stream-detector.ts';
import { checkBlock, type Block } from '../core/blocks/block.ts';
import { checkDetectorOptions, type DetectorOptions } from '../core/detector/detector.ts';
import { lift, type Processor } from './lift.ts';

export interface AlarmsOptions extends AlarmOptions, Pick<DetectorOptions, 'falseAlarms' | 'reference'> {
  /** What the stream is called. Default 'stream'. */
  name?: string;
  /** What its channels are called. Default ch1, ch2, … */
  labels?: readonly string[];
}

/**
 * Watches a stream, and tells the life of its alarms: raised, worsened, returned, escalated, cleared. What it listens to is
 * told at `StreamWatch`.
 *
 *     source  --[ 20 21 20 ]--[ 21 95 20 ]--[ 20 … 10 s … 21 ]--|
 *             alarms({ falseAlarms: '1/hour' })
 *     output  ----------------{raised}----------------{cleared}-|
 *
 * The time is that of the blocks; an irregular stream needs one a block. A change of channels or rate begins anew, and
 * so do the alarms. An alarm that is up when the source ends stays so.
 *
 * @returns an operator that throws RangeError through `error` when a block goes back in time
 */
export function alarms(options: AlarmsOptions = {}): OperatorFunction<Block, AlarmEvent> {
  checkDetectorOptions(options);
  alarmOptions(options);
  return lift(() => watching(options));
}

function watching({
  name = 'stream',
  labels,
  falseAlarms,
  reference,
  ...life
}: AlarmsOptions): Processor<Block, AlarmEvent> {
  let watched: { channels: number; rate: number; book: AlarmManager; watch: StreamDetector } | undefined;
  return {
    push(block) {
      checkBlock(block);
      const { channels, rate } = block;
      if (watched?.channels !== channels || watched.rate !== rate) {
        const book = new AlarmManager(life);
        const called = Array.from({ length: channels }, (_, c) => labels?.[c] ?? `ch${c + 1}`);
        watched = {
          channels,
          rate,
          book,
          watch: new StreamDetector(book, { name, labels: called, rate }, { falseAlarms, reference }),
        };
      }
      const { book, watch } = watched;
      const events: AlarmEvent[] = [];
      for (const frame of eachFrame(block)) events.push(...watch.push(frame), ...book.tick(frame.time));
      return events;
    },
  };
}
