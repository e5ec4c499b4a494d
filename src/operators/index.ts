/**
 * RxJS operators for streams of blocks; each subscription has its own state.
 *
 * @module tapline/operators
 */

export { alarms, type AlarmsOptions } from './alarms.ts';
export { blocks } from './blocks.ts';
export { connect, type ConnectOptions, type Disconnect, type Link } from './connect.ts';
/** @deprecated Use `Disconnect`. */
export type { Disconnect as Down } from './connect.ts';
export { convolve, type ConvolveOptions } from './convolve.ts';
export { detect } from './detect.ts';
export { fillGaps } from './fill-gaps.ts';
export { frames } from './blocks.ts';
export { fromSamples } from './from-samples.ts';
export { fromSocket, type FromSocketOptions } from './from-socket.ts';
export { iir } from './iir.ts';
export { learn, type LearnOptions } from './learn.ts';
export type { LearnControl } from '../core/learning/learn-control.ts';
export { lift, type Processor } from './lift.ts';
export { pipeline, type PipelineOperatorOptions } from './pipeline.ts';
export { standardize, type StandardizeOptions } from './standardize.ts';
export { toEpochs } from './to-epochs.ts';
export { toSamples } from './to-samples.ts';
export type { Block } from '../core/blocks/block.ts';
export type { GapFillerOptions, GapPolicy } from '../core/blocks/gap-filler.ts';
export type { SampleReaderOptions } from '../core/blocks/sample-reader.ts';
export type { Epoch, Reading, Sample, SampleInfo } from '../core/blocks/sample.ts';
export type { Learned } from '../core/learning/learned.ts';
export type { PipelineMessage } from '../core/pipeline/pipeline-message.ts';
export type { PipelineSpec } from '../core/pipeline/pipeline-spec.ts';
export type { PipelineOptions } from '../core/pipeline/pipeline.ts';
export type { PipelineOutput } from '../core/pipeline/pipeline-output.ts';
export type { Alarm, Detected, DetectorOptions } from '../core/detector/detector.ts';
export type { FalseAlarms } from '../core/detector/alarm-budget.ts';
export type { AlarmEvent } from '../core/alarms/alarm-manager.ts';
export type {
  AlarmCause,
  AlarmKind,
  AlarmMember,
  AlarmRecord,
  AlarmState,
  AlarmStep,
} from '../core/alarms/alarm-lifecycle.ts';
export type { AlarmOptions } from '../core/alarms/alarm-options.ts';
