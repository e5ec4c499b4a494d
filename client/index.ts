/**
 * Components of the dashboard for your own pages, and `watch`, which receives data from a server.
 *
 * @module tapline/client
 */

export type { Loss, LossPlotOptions } from './loss-plot.ts';
export type { ChannelName, Coupling, SignalPlotOptions } from './signal-plot.ts';
export { FeatureLines, type FeatureLinesOptions } from './feature-lines.ts';
export { FeatureMap, type FeatureMapOptions } from './feature-map.ts';
export { KernelPlot, type KernelPlotOptions, type Kernels } from './kernel-plot.ts';
export { LossPlot } from './loss-plot.ts';
export { type PaletteName, palettes } from './palette.ts';
export type { RibbonEvent } from './ribbon.ts';
export type { Span } from './shaded-spans.ts';
export { requestHistory } from './request-history.ts';
export { SignalPlot } from './signal-plot.ts';
export { kernelSpectrum, type Spectrum } from './spectrum.ts';
export type { TimeOptions } from './time-chart.ts';
export { type SourceStatus, TimeView } from './time-view.ts';
export { type ConnectionMessage, watch, type Watched, type WatchOptions } from './watch.ts';
export type { AlarmRecord } from '../src/core/alarms/alarm-lifecycle.ts';
export type { MaintenanceWindow } from '../src/core/alarms/suppression.ts';
export type {
  AlarmAction,
  AlarmMessage,
  AlarmRequest,
  AlarmsMessage,
  BlockKind,
  BlockMessage,
  ChannelInfo,
  ChannelOverview,
  DroppedMessage,
  ErrorMessage,
  GapMessage,
  HealthMessage,
  HistoryMessage,
  HistoryRequest,
  KernelsMessage,
  LearnerInfo,
  LearnerRequest,
  LearningAct,
  LearningRequest,
  LossMessage,
  MaintenanceRequest,
  MapInfo,
  MarkMessage,
  RemoveRequest,
  RunMessage,
  RunOverview,
  LearnerHealth,
  RecordingHealth,
  RejectedMessages,
  StreamHealth,
  StreamHistory,
  StreamInfo,
  StreamsMessage,
  SubscribedMessage,
  Watchable,
  WatchMessage,
  WatchText,
  WireBlock,
} from '../src/protocol/index.ts';
