import type { AlarmMember, AlarmRecord } from '../../src/core/alarms/alarm-lifecycle.ts';
import type { MaintenanceWindow } from '../../src/core/alarms/suppression.ts';
import type { Coupling } from '../signal-plot.ts';
import type { PaletteName } from '../palette.ts';
import { usualWindow } from './windows.ts';
import type { HealthMessage, LearnerInfo, MapInfo, StreamInfo } from '../../src/protocol/index.ts';

/** How the page stands with its server. */
export type Connection =
  | { readonly is: 'connecting' }
  | { readonly is: 'open' }
  | { readonly is: 'waiting'; readonly sentence: string; readonly until: number }
  | { readonly is: 'ended'; readonly sentence: string };

/** What people have set for one stream. */
export interface StreamSettings {
  readonly coupling?: Coupling;
  readonly hidden?: readonly number[];
  readonly map?: number;
  readonly lines?: string;
  readonly learner?: number;
  /** In s. */
  readonly window?: number;
}

/** Everything that the page shows but the signals themselves. */
export interface PageState {
  readonly connection: Connection;
  readonly streams: readonly StreamInfo[];
  readonly health: ReadonlyMap<string, HealthMessage['streams'][number]>;
  /** How every learner does, by `learnerKey`. */
  readonly scores: ReadonlyMap<string, { readonly skill: number | null; readonly rollbacks?: number }>;
  /** Alarms by id, open ones and some that are over. */
  readonly alarms: ReadonlyMap<number, AlarmRecord>;
  readonly maintenance: readonly MaintenanceWindow[];
  /** The stream that somebody chose. */
  readonly chosen?: string;
  /** How often frames of irregular streams come, in Hz, by the stream's name. */
  readonly paces: ReadonlyMap<string, number>;
  /** The lists that are shown whole, however long. */
  readonly whole: ReadonlySet<string>;
  readonly paused: boolean;
  /** How far a paused view lies behind, in s. */
  readonly behind: number;
  readonly palette: PaletteName;
  readonly dB: boolean;
  readonly settings: ReadonlyMap<string, StreamSettings>;
}

export const initialState: PageState = {
  connection: { is: 'connecting' },
  streams: [],
  health: new Map(),
  scores: new Map(),
  alarms: new Map(),
  maintenance: [],
  paces: new Map(),
  whole: new Set(),
  paused: false,
  behind: 0,
  palette: 'viridis',
  dB: true,
  settings: new Map(),
};

/** Alarms that are over and are remembered. */
const mostOver = 50;

/** How many streams are shown beside the selected one. */
const mostBeside = 4;

export function learnerKey(stream: string, learner: number): string {
  return `${stream}/${learner}`;
}

/** Streams in the order of the list: headsets, then others, then what is only the truth of another. */
export function orderStreams(streams: readonly StreamInfo[]): StreamInfo[] {
  const rank = (info: StreamInfo): number => (info.for ? 2 : isEeg(info) ? 0 : 1);
  return [...streams].sort((a, b) => rank(a) - rank(b) || Number(b.live) - Number(a.live));
}

/** The stream in the middle: the one that was chosen while it is there, else the first. */
export function selectedStream(state: PageState): StreamInfo | undefined {
  return state.streams.find(({ name }) => name === state.chosen) ?? state.streams[0];
}

/** The streams shown small, beside the selected one. */
export function streamsBeside(state: PageState): StreamInfo[] {
  const selected = selectedStream(state);
  return state.streams.filter((info) => info !== selected && !info.for).slice(0, mostBeside);
}

/** The names of all streams that are drawn. */
export function watchedStreams(state: PageState): string[] {
  const selected = selectedStream(state);
  return selected ? [selected, ...streamsBeside(state)].map(({ name }) => name).sort() : [];
}

/** Whether a stream is EEG: of kind 'eeg', or of one whose last word that is. */
export function isEeg({ kind = '' }: StreamInfo): boolean {
  return /\beeg$/i.test(kind);
}

/** Hz of a stream, as it says or as its frames come; 0: not known yet. */
export function rateOf(state: PageState, { name, rate }: StreamInfo): number {
  return rate || (state.paces.get(name) ?? 0);
}

/** How many times as fast as its rate says a stream comes; 1 where that is about right, or not to be told in 5 s. */
export function speedOf({ health }: PageState, { name, rate }: StreamInfo): number {
  const speed = (health.get(name)?.rate ?? 0) / rate;
  return rate < 2 || !(speed > 0) || Math.abs(speed - 1) < 0.15 ? 1 : Number(speed.toPrecision(2));
}

/** How long a stretch of frames that goes on is, in s of the stream's own clock; NaN where its frames tell no time. */
export function lasted(state: PageState, { stream, window }: AlarmMember): number {
  const info = state.streams.find(({ name, run }) => name === stream && run === window.run);
  const next = state.health.get(stream)?.next;
  return info && next !== undefined && info.rate > 0 ? (next - window.from) / info.rate : NaN;
}

/** How many frames of a stream have come. */
export function framesOf({ health }: PageState, { name, next }: StreamInfo): number {
  return health.get(name)?.received ?? next;
}

/** How much of a stream is shown, in s. */
export function windowOf(state: PageState, info: StreamInfo): number {
  return state.settings.get(info.name)?.window ?? usualWindow(rateOf(state, info));
}

/** The feature map of a stream that is shown. */
export function selectedMap(info: StreamInfo, settings: StreamSettings): MapInfo | undefined {
  return info.maps.find(({ index }) => index === settings.map) ?? info.maps[0];
}

/** The learner whose kernels are shown: a learner with a target comes before one that only forecasts. */
export function selectedLearner(info: StreamInfo, settings: StreamSettings): LearnerInfo | undefined {
  return (
    info.learners.find(({ index }) => index === settings.learner) ??
    info.learners.find(({ task }) => task === 'target') ??
    info.learners[0]
  );
}

/** Alarms that are not over: first those that nobody has seen to, then the newest. */
export function openAlarms({ alarms }: PageState): AlarmRecord[] {
  const rank = { escalated: 0, raised: 1, acknowledged: 2, shelved: 3, cleared: 4 };
  const open = [...alarms.values()].filter(({ state }) => state !== 'cleared');
  return open.sort((a, b) => rank[a.state] - rank[b.state] || b.raised - a.raised);
}

/** The alarms with one as it stands now; of those that are over the oldest are forgotten. */
export function withAlarm(alarms: PageState['alarms'], alarm: AlarmRecord): PageState['alarms'] {
  const all = new Map(alarms).set(alarm.id, alarm);
  const over = [...all.values()].filter(({ state }) => state === 'cleared').sort((a, b) => b.entered - a.entered);
  for (const { id } of over.slice(mostOver)) all.delete(id);
  return all;
}

/** Whether somebody should look at a stream. */
export function isAlarmed(state: PageState, stream: string): boolean {
  return openAlarms(state).some(({ state: its, members }) => {
    return (
      (its === 'raised' || its === 'escalated') && members.some((member) => member.stream === stream && member.active)
    );
  });
}
