import type { OperatorFunction } from 'rxjs';
import { AlarmManager, type AlarmEvent } from '../core/alarms/alarm-manager.ts';
import { alarmOptions, type AlarmOptions } from '../core/alarms/alarm-options.ts';
import { AlarmReporter } from '../core/alarms/alarm-reporter.ts';
import { type Block, checkBlock, frameCount, timeOf } from '../core/blocks/block.ts';
import { checkDetectorOptions, type DetectorOptions } from '../core/detector/detector.ts';
import { DigestedDetector } from '../core/detector/digested-detector.ts';
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
  let current: Monitor | undefined;
  return {
    push(block) {
      checkBlock(block);
      const { channels, rate } = block;
      if (current?.detector.channels !== channels || current.detector.rate !== rate) {
        const manager = new AlarmManager(lifecycleOptions);
        const channelLabels = Array.from({ length: channels }, (_, c) => labels?.[c] ?? `ch${c + 1}`);
        const detector = new DigestedDetector(channels, rate, { falseAlarms, reference, digest: 'auto' });
        const reporter = new AlarmReporter(manager, { name, labels: channelLabels, rate }, detector.every);
        current = { manager, detector, reporter };
      }
      return eventsOf(block, current);
    },
  };
}

interface Monitor {
  manager: AlarmManager;
  detector: DigestedDetector;
  reporter: AlarmReporter;
}

/**
 * Returns the alarm events of a block. Detector frames and the time of every input frame (`tick`) are applied in order.
 */
function eventsOf(block: Block, { manager, detector, reporter }: Monitor): AlarmEvent[] {
  const when = (index: number) => timeOf(block, index);
  const all: AlarmEvent[] = [];
  let next = block.start;
  let [nextTick, reported] = [manager.nextTick, 0];
  const tickBefore = (index: number, events: AlarmEvent[]) => {
    if (events.length > reported) nextTick = manager.nextTick;
    for (; next < index && nextTick < Infinity; next++) {
      if (when(next) < nextTick) continue;
      events.push(...manager.tick(when(next)));
      nextTick = manager.nextTick;
    }
    next = Math.max(next, index);
    reported = events.length;
  };
  for (const detected of detector.push(block).detected) {
    reported = 0;
    all.push(...reporter.report(detected, when, tickBefore));
    nextTick = manager.nextTick;
  }
  tickBefore(block.start + frameCount(block), all);
  return all;
}
