import { frameCount, type Block } from '../../src/core/blocks/block.ts';
import type { StreamInfo } from '../../src/protocol/index.ts';
import type { AlarmService } from '../../src/server/alarm-service.ts';
import { DetectorBudget } from '../../src/server/detector-budget.ts';
import { planDetect } from '../../src/server/feed-plan.ts';
import { PipelineRunner } from '../../src/server/pipeline-runner.ts';
import type { ServerAlarms } from '../../src/server/server-alarms.ts';

/** Streams whose pipelines contain only a detector, which reports to an alarm service as in a server. */
export class MonitoredStreams {
  readonly #service: AlarmService;
  readonly #alarms: ServerAlarms;
  readonly #budget = new DetectorBudget();
  readonly #streams = new Map<string, { info: StreamInfo; runner: PipelineRunner }>();

  constructor(service: AlarmService, alarms: ServerAlarms) {
    this.#service = service;
    this.#alarms = alarms;
  }

  /**
   * @param saved pipeline with the initial learned state of the detector
   * @param isReplayed whether recorded frames are pushed again
   */
  open(info: StreamInfo, saved?: Uint8Array, isReplayed = false): void {
    const { name, rate, channels } = info;
    const before = this.#streams.get(name);
    const runner = before?.runner ?? new PipelineRunner();
    const spec = planDetect(
      { gaps: 'hold', standardize: null, maps: [], learners: [] },
      this.#budget.allocate(info),
      this.#alarms,
      rate,
    );
    runner.open({
      channels: channels.length,
      rate,
      gaps: { policy: 'hold' },
      stages: spec ? [{ stage: { kind: 'detect', spec } }] : [],
      sameChannels: !before || JSON.stringify(before.info.channels) === JSON.stringify(channels),
      ...(saved && { saved: { bytes: saved, use: 'learned' } }),
    });
    this.#streams.set(name, { info, runner });
    this.#service.open(info, isReplayed);
  }

  push(name: string, block: Block, now: number): void {
    this.#service.receive(name, block.start + frameCount(block), now);
    for (const output of this.#streams.get(name)!.runner.handle({ type: 'block', block })) {
      if (output.type === 'broken') throw new Error(output.message);
      if (output.type === 'detected') this.#service.collect(name, output, now);
    }
  }

  /** Processes recorded frames again. */
  replay(name: string, block: Block, now: number): void {
    for (const output of this.#streams.get(name)!.runner.handle({ type: 'block', block }))
      if (output.type === 'detected') this.#service.collectReplayed(name, output, now);
  }

  save(name: string): Uint8Array {
    return this.#streams.get(name)!.runner.save()!;
  }
}
