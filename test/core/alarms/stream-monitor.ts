import type { AlarmEvent, AlarmManager } from '../../../src/core/alarms/alarm-manager.ts';
import { AlarmReporter, type FrameTime, type MonitoredStream } from '../../../src/core/alarms/alarm-reporter.ts';
import type { Block } from '../../../src/core/blocks/block.ts';
import type { DetectorOptions } from '../../../src/core/detector/detector.ts';
import { DigestedDetector } from '../../../src/core/detector/digested-detector.ts';
import type { State } from '../../../src/core/state/state.ts';

/** A detector whose results are reported to an alarm manager. */
export class StreamMonitor {
  readonly #detector: DigestedDetector;
  readonly #reporter: AlarmReporter;

  constructor(manager: AlarmManager, stream: MonitoredStream, options: DetectorOptions) {
    this.#detector = new DigestedDetector(stream.labels.length, stream.rate, { ...options, digest: 'auto' });
    this.#reporter = new AlarmReporter(manager, stream, this.#detector.every);
  }

  push(block: Block, when?: FrameTime): AlarmEvent[] {
    return this.#detector.push(block).detected.flatMap((detected) => this.#reporter.report(detected, when));
  }

  save(): State {
    return this.#detector.save();
  }

  /** Restores the learned state, and starts a new numbering of frames. */
  restore(state: State): void {
    this.#detector.restore(state);
    this.#detector.renumber();
  }
}
