import { frameCount } from '../core/blocks/block.ts';
import { cutBlock } from '../core/blocks/cut-block.ts';
import type { MessageEvent, RecordedEvent, RunEvent } from '../store/recorded-event.ts';
import type { FeedOptions, Opening } from './feed-options.ts';
import type { FeedOutput } from './feed-output.ts';
import type { TargetInfo } from './feed-targets.ts';
import { Feed } from './feed.ts';
import type { SavedRun } from './pipeline-store.ts';
import { addedStage } from './replayed-message.ts';
import type { Task } from './work-scheduler.ts';

/** Options of `ReplayedStream`. */
export interface ReplayedStreamOptions {
  /** Options of its feed, with the settings to replay with. */
  readonly feed: Omit<FeedOptions, 'saved' | 'savedWeights' | 'newRun'>;
  /** Whether the settings contain a learner of this name. */
  readonly isConfigured: (learner: string) => boolean;
  /** Returns the recorded description of a run of another stream, if there is one. */
  readonly describe: (stream: string, run: number) => Promise<RunEvent | undefined>;
  /** Receives the outputs of the feed. */
  readonly handle: (feed: Feed, output: FeedOutput) => void;
}

/**
 * The feed of a recorded stream, which processes recorded events with other settings. It starts without learned state. Unlike
 * a server that recovers, it continues where frames or the beginning of a run are missing: missing frames are a gap.
 */
export class ReplayedStream {
  readonly #name: string;
  readonly #options: ReplayedStreamOptions;
  #feed: Feed | undefined;
  /** The connected target streams. */
  #targets: readonly TargetInfo[] = [];

  constructor(name: string, options: ReplayedStreamOptions) {
    this.#name = name;
    this.#options = options;
  }

  /** The feed; undefined before the first run. */
  get feed(): Feed | undefined {
    return this.#feed;
  }

  /** Processes a recorded event. Events of a stream without a described run are ignored. */
  *replay(event: RecordedEvent): Task {
    const feed = this.#feed;
    if (event.type === 'run') yield* this.#replayRun(event);
    else if (!feed) return;
    else if (event.type === 'block') {
      const { block } = event;
      // a gap begins where the last frame ended, however many frames of it were reported, lost, or damaged
      yield* this.#skipTo(feed, block.start);
      const isKnown = block.start + frameCount(block) <= feed.next;
      if (!isKnown) yield* feed.replay({ type: 'block', block: cutBlock(block, feed.next) });
    } else if (event.type === 'message') yield* this.#replayMessage(feed, event);
  }

  close(): void {
    this.#feed?.close();
    this.#feed = undefined;
  }

  /** Skips missing frames; a run can begin at any frame. */
  *#skipTo(feed: Feed, index: number): Task {
    const from = feed.next;
    if (from > 0 && index > from) yield* feed.replay({ type: 'gap', from, count: index - from });
  }

  *#replayRun(event: RunEvent): Task {
    const feed = this.#feed;
    if (!feed) {
      this.#open(openingOf(event), undefined);
      return;
    }
    const { rate, channels } = feed.info;
    const isSameRun = feed.run === numberOf(event) && rate === event.rate && channels.length === event.channels.length;
    if (isSameRun && event.next >= feed.next) {
      yield* this.#skipTo(feed, event.next);
      yield* feed.replay(event);
    } else if (isSameRun || feed.pipeline.taught.size > 0) yield* this.#reopen(feed, event);
    else {
      // the run can begin at any frame, because its beginning may have been deleted
      yield* feed.replay({ ...event, next: 0 });
      // the run has its number only now
      this.#options.handle(feed, { type: 'info' });
    }
  }

  /** Starts a run with the learned state of the stream, as a server does after a restart. */
  *#reopen(before: Feed, event: RunEvent): Task {
    let saved: SavedRun | undefined;
    yield before.save().then((run) => {
      saved = run;
    });
    before.close();
    this.#open({ ...openingOf(event), fresh: true }, saved);
  }

  #open(opening: Opening, saved: SavedRun | undefined): void {
    const { feed: options, handle } = this.#options;
    const feed = new Feed(this.#name, opening, {
      ...options,
      saved: () => saved,
      savedWeights: () => undefined,
      newRun: () => 0,
    });
    this.#feed = feed;
    feed.output.subscribe((output) => {
      handle(feed, output);
    });
    feed.setTargets(this.#targets);
    feed.start();
    feed.pipeline.isReplaying = true;
    handle(feed, { type: 'info' });
  }

  *#replayMessage(feed: Feed, event: MessageEvent): Task {
    const { message } = event;
    if (message.type === 'control' && !feed.pipeline.stages.hasLearner(message.learner)) return;
    // a viewer added a learner, and removed it, that has the name of one of the settings
    const removed = message.type === 'remove' ? /^learner (.*)$/s.exec(message.stage)?.[1] : undefined;
    if (removed !== undefined && this.#options.isConfigured(removed)) return;
    if (message.type === 'add' && message.stage.kind === 'learner') {
      const { target } = addedStage(message);
      const { name } = message.stage.spec;
      if (target) {
        let described: RunEvent | undefined;
        yield this.#options.describe(target.stream, target.run).then((run) => {
          described = run;
        });
        if (described) {
          this.#connect(feed, { ...described, name: target.stream, run: target.run, next: target.next });
          return;
        }
      } else if (this.#options.isConfigured(name)) return;
    }
    yield* feed.replay(event);
  }

  /** Connects a target stream, so that the learners of the settings are created for it. */
  #connect(feed: Feed, target: TargetInfo): void {
    const isRestarted = this.#targets.some(({ name }) => name === target.name);
    this.#targets = [...this.#targets.filter(({ name }) => name !== target.name), target];
    feed.setTargets(this.#targets, isRestarted ? target.name : undefined);
  }
}

function openingOf({ channels, rate, kind, for: targetOf, clock, ...event }: RunEvent): Opening {
  return { type: 'hello', channels, rate, kind, for: targetOf, clock, run: numberOf(event) };
}

function numberOf({ number, run }: Pick<RunEvent, 'number' | 'run'>): number {
  return number ?? run;
}
