import { animationFrameScheduler, auditTime, BehaviorSubject, type Observable, Subject } from 'rxjs';
import type { AlarmControl, Learning, MaintenanceRequest, Remove } from '../../src/protocol/index.ts';
import { initialState, type PageState, type StreamSettings } from './page-state.ts';

/** What may be done with alarms and with streams that have ended. */
type Deed = AlarmControl | MaintenanceRequest | Remove;

/** The page's state, and everything that changes it by hand. */
export class PageStore {
  readonly #state = new BehaviorSubject<PageState>(initialState);
  readonly #learning = new Subject<Omit<Learning, 'type'>>();

  readonly #deeds = new Subject<Deed>();

  get state(): PageState {
    return this.#state.value;
  }

  /** Every change. */
  get changes(): Observable<PageState> {
    return this.#state;
  }

  /** The newest state, at most once an animation frame; nothing in a hidden tab. */
  get frames(): Observable<PageState> {
    return this.#state.pipe(auditTime(0, animationFrameScheduler));
  }

  /** What is to be sent to learners. */
  get learning(): Observable<Omit<Learning, 'type'>> {
    return this.#learning;
  }

  /** What is to be done with alarms and streams. */
  get deeds(): Observable<Deed> {
    return this.#deeds;
  }

  readonly change = (part: Partial<PageState>): void => this.#state.next({ ...this.state, ...part });

  readonly togglePause = (): void => this.change({ paused: !this.state.paused, behind: 0 });

  /** Shows a list whole, or its beginning. */
  readonly toggleWhole = (list: string): void => {
    const whole = new Set(this.state.whole);
    if (!whole.delete(list)) whole.add(list);
    this.change({ whole });
  };

  /** The settings of a stream. */
  readonly settings = (stream: string): StreamSettings => this.state.settings.get(stream) ?? {};

  readonly set = (stream: string, part: StreamSettings): void => {
    const settings = new Map(this.state.settings);
    settings.set(stream, { ...this.settings(stream), ...part });
    this.change({ settings });
  };

  /** Asks the server to change a learner; the list of streams will say what became of it. */
  readonly teach = (stream: string, learner: number, change: { on?: boolean; learningRate?: number }): void =>
    this.#learning.next({ stream, learner, ...change });

  /** Asks the server to do something with an alarm or a stream; it will say what became of it. */
  readonly ask = (deed: Deed): void => this.#deeds.next(deed);
}
