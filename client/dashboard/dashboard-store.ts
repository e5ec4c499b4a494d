import { animationFrameScheduler, auditTime, BehaviorSubject, type Observable, Subject } from 'rxjs';
import type {
  AlarmRequest,
  LearnerRequest,
  LearningRequest,
  MaintenanceRequest,
  RemoveRequest,
} from '../../src/protocol/index.ts';
import { type DashboardState, initialState, type StreamSettings } from './dashboard-state.ts';

/** A user action on alarms, on ended streams, or on the list of learners. */
type Action = AlarmRequest | MaintenanceRequest | RemoveRequest | LearnerRequest;

/** The state of the dashboard and the user actions that change it. */
export class DashboardStore {
  readonly #state = new BehaviorSubject<DashboardState>(initialState);
  readonly #learning = new Subject<Omit<LearningRequest, 'type'>>();
  readonly #actions = new Subject<Action>();

  get state(): DashboardState {
    return this.#state.value;
  }

  /** The current state, then every change. */
  get changes(): Observable<DashboardState> {
    return this.#state;
  }

  /** The current state at most once per animation frame; emits nothing in a hidden tab. */
  get frames(): Observable<DashboardState> {
    return this.#state.pipe(auditTime(0, animationFrameScheduler));
  }

  /** Changes to learners, to be sent to the server. */
  get learning(): Observable<Omit<LearningRequest, 'type'>> {
    return this.#learning;
  }

  /** User actions on alarms, streams, and learners, to be sent to the server. */
  get actions(): Observable<Action> {
    return this.#actions;
  }

  readonly change = (part: Partial<DashboardState>): void => this.#state.next({ ...this.state, ...part });

  readonly togglePause = (): void => this.change({ paused: !this.state.paused, behind: 0 });

  /** Expands or collapses a list. */
  readonly toggleExpanded = (list: string): void => {
    const expanded = new Set(this.state.expanded);
    if (!expanded.delete(list)) expanded.add(list);
    this.change({ expanded });
  };

  /** Returns the settings of a stream. */
  readonly settings = (stream: string): StreamSettings => this.state.settings.get(stream) ?? {};

  readonly setStream = (stream: string, part: StreamSettings): void => {
    const settings = new Map(this.state.settings);
    settings.set(stream, { ...this.settings(stream), ...part });
    this.change({ settings });
  };

  /** Requests a change of a learner. The server confirms it with a new list of streams. */
  readonly setLearning = (stream: string, learner: number, change: { on?: boolean; learningRate?: number }): void =>
    this.#learning.next({ stream, learner, ...change });

  /** Requests an action on an alarm, a stream, or its learners. The server confirms it with a message. */
  readonly request = (action: Action): void => this.#actions.next(action);
}
