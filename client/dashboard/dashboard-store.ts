import { animationFrameScheduler, auditTime, BehaviorSubject, type Observable, Subject } from 'rxjs';
import type { AlarmControl, Learning, MaintenanceRequest, Remove } from '../../src/protocol/index.ts';
import { initialState, type DashboardState, type StreamSettings } from './dashboard-state.ts';

/** What may be done with alarms and with streams that have ended. */
type Action = AlarmControl | MaintenanceRequest | Remove;

/** The page's state, and everything that changes it by hand. */
export class DashboardStore {
  readonly #state = new BehaviorSubject<DashboardState>(initialState);
  readonly #learning = new Subject<Omit<Learning, 'type'>>();

  readonly #actions = new Subject<Action>();

  get state(): DashboardState {
    return this.#state.value;
  }

  /** Every change. */
  get changes(): Observable<DashboardState> {
    return this.#state;
  }

  /** The newest state, at most once an animation frame; nothing in a hidden tab. */
  get frames(): Observable<DashboardState> {
    return this.#state.pipe(auditTime(0, animationFrameScheduler));
  }

  /** What is to be sent to learners. */
  get learning(): Observable<Omit<Learning, 'type'>> {
    return this.#learning;
  }

  /** What is to be done with alarms and streams. */
  get actions(): Observable<Action> {
    return this.#actions;
  }

  readonly change = (part: Partial<DashboardState>): void => this.#state.next({ ...this.state, ...part });

  readonly togglePause = (): void => this.change({ paused: !this.state.paused, behind: 0 });

  /** Shows a list whole, or its beginning. */
  readonly toggleExpanded = (list: string): void => {
    const whole = new Set(this.state.expanded);
    if (!whole.delete(list)) whole.add(list);
    this.change({ expanded: whole });
  };

  /** The settings of a stream. */
  readonly settings = (stream: string): StreamSettings => this.state.settings.get(stream) ?? {};

  readonly setStream = (stream: string, part: StreamSettings): void => {
    const settings = new Map(this.state.settings);
    settings.set(stream, { ...this.settings(stream), ...part });
    this.change({ settings });
  };

  /** Asks the server to change a learner; the list of streams will say what became of it. */
  readonly setLearning = (stream: string, learner: number, change: { on?: boolean; step?: number }): void =>
    this.#learning.next({ stream, learner, ...change });

  /** Asks the server to do something with an alarm or a stream; it will say what became of it. */
  readonly request = (deed: Action): void => this.#actions.next(deed);
}
