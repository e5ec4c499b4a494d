import type { OperatorFunction } from 'rxjs';
import { AlarmManager, type AlarmEvent } from '../core/alarms/alarm-manager.ts';
import { alarmOptions, type AlarmOptions } from '../core/alarms/alarm-options.ts';
import { eachFrame } from '../core/alarms/digest.ts';
import { StreamDetector } from '../core/alarms/stream-detector.ts';
import { checkBlock, type Block } from '../core/blocks/block.ts';
import { checkDetectorOptions, type DetectorOptions } from '../core/detector/detector.ts';
import { lift, type Processor } from './lift.ts';

export interface AlarmsOptions extends AlarmOptions, Pick<DetectorOptions, 'falseAlarms' | 'reference'> {
  /** Name of the stream. Default 'stream'. */
  name?: string;
  /** Channel labels. Default ch1, ch2, … */
  labels?: readonly string[];
}

/**
 * Monitors a stream and emits the events of its alarms: raised, worsened, returned, escalated, cleared. For the method,
 * see `Detector`.
 *
 *     source  --[ 20 21 20 ]--[ 21 95 20 ]--[ 20 … 10 s … 21 ]--|
 *             alarms({ falseAlarms: '1/hour' })
 *     output  ----------------{raised}----------------{cleared}-|
 *
 * Times are those of the blocks, so an irregular stream needs a time per block. A change of channels or rate restarts
 * the detector and the alarms. An alarm that is active when the source ends stays active.
 *
 * @returns an operator that emits a RangeError if a block goes back in time
 * @throws RangeError or TypeError if an option is invalid
 */
export function alarms(options: AlarmsOptions = {}): OperatorFunction<Block, AlarmEvent> {
  checkDetectorOptions(options);
  alarmOptions(options);
  return lift(() => createProcessor(options));
}

function createProcessor({
  name = 'stream',
  labels,
  falseAlarms,
  reference,
  ...lifecycleOptions
}: AlarmsOptions): Processor<Block, AlarmEvent> {
  let current: { channels: number; rate: number; manager: AlarmManager; detector: StreamDetector } | undefined;
  return {
    push(block) {
      checkBlock(block);
      const { channels, rate } = block;
      if (current?.channels !== channels || current.rate !== rate) {
        const manager = new AlarmManager(lifecycleOptions);
        const channelLabels = Array.from({ length: channels }, (_, c) => labels?.[c] ?? `ch${c + 1}`);
        current = {
          channels,
          rate,
          manager,
          detector: new StreamDetector(manager, { name, labels: channelLabels, rate }, { falseAlarms, reference }),
        };
      }
      const { manager, detector } = current;
      const events: AlarmEvent[] = [];
      for (const frame of eachFrame(block)) events.push(...detector.push(frame), ...manager.tick(frame.time));
      return events;
    },
  };
}
