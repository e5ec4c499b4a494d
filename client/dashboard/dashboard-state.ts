import type { AlarmMember, AlarmRecord } from '../../src/core/alarms/alarm-lifecycle.ts';
import type { MaintenanceWindow } from '../../src/core/alarms/suppression.ts';
import type { Coupling } from '../signal-plot.ts';
import type { PaletteName } from '../palette.ts';
import { defaultWindow } from './time-windows.ts';
import type { Connection } from './connection.ts';
import type { LearnerForm } from './learner-form.ts';
import type { Outage } from './outage.ts';
import { type Liveness, liveness, type ReportedHealth } from './liveness.ts';
import type {
  HealthMessage,
  LearnerHealth,
  LearnerInfo,
  LossMessage,
  MapInfo,
  RecordingHealth,
  StreamInfo,
} from '../../src/protocol/index.ts';

/** Settings of one stream made by the user. */
export interface StreamSettings {
  readonly coupling?: Coupling;
  /** Indices of hidden channels. */
  readonly hidden?: readonly number[];
  /** Index of the feature map. */
  readonly map?: number;
  /** Name of the group of rows drawn as lines. */
  readonly lines?: string;
  /** Index of the learner. */
  readonly learner?: number;
  /** Length of the time window, in s. */
  readonly window?: number;
}

/** The state of the dashboard, except for the signals themselves. */
export interface DashboardState {
  readonly connection: Connection;
  /** The last outage of the connection, until the user dismisses the report. */
  readonly outage?: Outage | undefined;
  readonly streams: readonly StreamInfo[];
  readonly health: ReadonlyMap<string, ReportedHealth>;
  /** How far this page is behind the server, in ms. */
  readonly viewerLag: number;
  /** Names without a stream, because all of their messages were rejected. */
  readonly unopened: NonNullable<HealthMessage['unopened']>;
  /** Learners that wait for a stream, or that have skipped late targets. */
  readonly learnerHealth: readonly LearnerHealth[];
  /** Whether the server records its streams; undefined if it has not reported that. */
  readonly recording?: RecordingHealth | undefined;
  /** The server's clock, in ms since 1970; updated several times per second. */
  readonly now: number;
  /** The score of every learner, by `learnerKey`. */
  readonly scores: ReadonlyMap<string, LearnerScore>;
  /** All open alarms and the latest cleared ones, by ID. */
  readonly alarms: ReadonlyMap<number, AlarmRecord>;
  readonly maintenance: readonly MaintenanceWindow[];
  /** Name of the stream selected by the user. */
  readonly selected?: string;
  /** Observed rate of streams without a fixed sampling rate, in Hz, by name. */
  readonly observedRates: ReadonlyMap<string, number>;
  /** Names of the lists that are expanded. */
  readonly expanded: ReadonlySet<string>;
  readonly paused: boolean;
  /** How far a paused view is behind, in s. */
  readonly behind: number;
  readonly palette: PaletteName;
  readonly dB: boolean;
  readonly settings: ReadonlyMap<string, StreamSettings>;
  /** The form that adds a learner; undefined if it is closed. */
  readonly learnerForm?: LearnerForm | undefined;
}

export const initialState: DashboardState = {
  connection: { is: 'connecting' },
  streams: [],
  health: new Map(),
  viewerLag: 0,
  unopened: [],
  learnerHealth: [],
  now: Date.now(),
  scores: new Map(),
  alarms: new Map(),
  maintenance: [],
  observedRates: new Map(),
  expanded: new Set(),
  paused: false,
  behind: 0,
  palette: 'viridis',
  dB: true,
  settings: new Map(),
};

/** Cleared alarms that are kept. */
const maxClearedAlarms = 50;

/** Streams shown as previews next to the selected one. */
const maxPreviews = 4;

/** Score of a learner, as in the `loss` message of the protocol. */
export type LearnerScore = Pick<LossMessage, 'skill' | 'overall' | 'holdout' | 'rollbacks'>;

/** The key of a learner in `DashboardState.scores`. */
export function learnerKey(stream: string, learner: number): string {
  return `${stream}/${learner}`;
}

/** Sorts streams for the list: EEG first, then others, then targets of other streams; live streams first in each group. */
export function orderStreams(streams: readonly StreamInfo[]): StreamInfo[] {
  const rank = (info: StreamInfo): number => (info.for ? 2 : isEeg(info) ? 0 : 1);
  return [...streams].sort((a, b) => rank(a) - rank(b) || Number(b.live) - Number(a.live));
}

/** The stream shown in full: the one selected by the user if it exists, else the first. */
export function selectedStream(state: DashboardState): StreamInfo | undefined {
  return state.streams.find(({ name }) => name === state.selected) ?? state.streams[0];
}

/** The streams shown as previews. */
export function previewedStreams(state: DashboardState): StreamInfo[] {
  const selected = selectedStream(state);
  return state.streams.filter((info) => info !== selected && !info.for).slice(0, maxPreviews);
}

/** The sorted names of all streams that are drawn. */
export function visibleStreams(state: DashboardState): string[] {
  const selected = selectedStream(state);
  return selected ? [selected, ...previewedStreams(state)].map(({ name }) => name).sort() : [];
}

/** Whether the kind of a stream is 'eeg' or ends with that word. */
export function isEeg({ kind = '' }: StreamInfo): boolean {
  return /\beeg$/i.test(kind);
}

/** The declared or observed sampling rate of a stream in Hz; 0 if not known yet. */
export function samplingRate(state: DashboardState, { name, rate }: StreamInfo): number {
  return rate || (state.observedRates.get(name) ?? 0);
}

/**
 * Received frames per second divided by the declared sampling rate, to two digits. Returns 1 for ratios within 15 % of 1,
 * and for rates below 2 Hz, which the server's 5 s average cannot resolve.
 */
export function playbackSpeed({ health }: DashboardState, { name, rate }: StreamInfo): number {
  const speed = (health.get(name)?.rate ?? 0) / rate;
  return rate < 2 || !(speed > 0) || Math.abs(speed - 1) < 0.15 ? 1 : Number(speed.toPrecision(2));
}

/** Time since the start of an alarm, in s of stream time; NaN without a fixed sampling rate. */
export function streamTimeSince(state: DashboardState, { stream, window }: AlarmMember): number {
  const info = state.streams.find(({ name, run }) => name === stream && run === window.run);
  const next = state.health.get(stream)?.next;
  return info && next !== undefined && info.rate > 0 ? (next - window.from) / info.rate : NaN;
}

/** Whether the newest frame of a stream is recent, and if not, why. */
export function streamLiveness(state: DashboardState, info: StreamInfo): Liveness {
  return liveness(info, samplingRate(state, info), state.health.get(info.name), state.connection, state.now);
}

/** Whether the server responds: the connection is open, and the health of the streams is still reported. */
export function isConnected(state: DashboardState): boolean {
  const { connection, streams } = state;
  return connection.is === 'open' && !streams.some((info) => streamLiveness(state, info).is === 'disconnected');
}

/** Names of the streams whose sensor is connected, but sends no fresh data. */
export function staleStreams(state: DashboardState): string[] {
  return state.streams.filter((info) => streamLiveness(state, info).is === 'stale').map(({ name }) => name);
}

/** Number of frames received of a stream. */
export function receivedFrames({ health }: DashboardState, { name, next }: StreamInfo): number {
  return health.get(name)?.received ?? next;
}

/** Length of a stream's time window, in s. */
export function windowLength(state: DashboardState, info: StreamInfo): number {
  return state.settings.get(info.name)?.window ?? defaultWindow(samplingRate(state, info));
}

/** The feature map that is shown: the selected one, else the first. */
export function selectedMap(info: StreamInfo, settings: StreamSettings): MapInfo | undefined {
  return info.maps.find(({ index }) => index === settings.map) ?? info.maps[0];
}

/** The learner that is shown: the selected one, else the first with a target, else the first. */
export function selectedLearner(info: StreamInfo, settings: StreamSettings): LearnerInfo | undefined {
  return (
    info.learners.find(({ index }) => index === settings.learner) ??
    info.learners.find(({ task }) => task === 'target') ??
    info.learners[0]
  );
}

/** Open alarms: those that need attention first, the newest first in each group. */
export function openAlarms({ alarms }: DashboardState): AlarmRecord[] {
  const rank = { escalated: 0, raised: 1, acknowledged: 2, shelved: 3, cleared: 4 };
  const open = [...alarms.values()].filter(({ state }) => state !== 'cleared');
  return open.sort((a, b) => rank[a.state] - rank[b.state] || b.raised - a.raised);
}

/** Returns the alarms with one added or replaced; the oldest cleared alarms are dropped. */
export function updateAlarm(alarms: DashboardState['alarms'], alarm: AlarmRecord): DashboardState['alarms'] {
  const all = new Map(alarms).set(alarm.id, alarm);
  const cleared = [...all.values()].filter(({ state }) => state === 'cleared').sort((a, b) => b.entered - a.entered);
  for (const { id } of cleared.slice(maxClearedAlarms)) all.delete(id);
  return all;
}

/** Whether a stream has an active alarm that needs attention. */
export function isAlarmed(state: DashboardState, stream: string): boolean {
  return openAlarms(state)
    .filter((alarm) => alarm.state === 'raised' || alarm.state === 'escalated')
    .some(({ members }) => members.some((member) => member.stream === stream && member.active));
}
