import type { Feed } from './feed.ts';
import type { LearnedWeights } from './pipeline-runner.ts';
import type { PipelineStore, SavedRun } from './pipeline-store.ts';
import type { Recordings } from './recordings.ts';
import type { WeightStore } from './weight-store.ts';

/** Where streams are saved. */
export interface StreamSavesOptions {
  store: WeightStore;
  pipelines: PipelineStore;
  /** Default: streams are not recorded. */
  recordings?: Recordings | undefined;
  log: (line: string) => void;
}

/** Estimated cost in ns of the frames since the last save, above which a pipeline is saved ahead of schedule. */
const maxUnsavedCost = 2e9;

/** Saves the pipelines and learned weights of streams, so that the saved ones match their recordings. */
export class StreamSaves {
  readonly #options: StreamSavesOptions;
  /** Resolves when the saved state of a stream is written, by its name. */
  readonly #writing = new Map<string, Promise<void>>();
  #removed: Promise<void> = Promise.resolve();

  constructor(options: StreamSavesOptions) {
    this.#options = options;
  }

  /** Resolves when all streams that were removed so far are saved. */
  get removed(): Promise<void> {
    return this.#removed;
  }

  /** Saves the pipeline of a stream and what it has learned. */
  save(feed: Feed): Promise<void> {
    return this.#write(feed.name, feed.pipeline.learned(), feed.save());
  }

  /** Saves the learned weights of streams and, with `pipelines`, their pipelines; without it, those that must be saved. */
  async saveAll(feeds: readonly Feed[], pipelines: boolean): Promise<void> {
    for (const feed of feeds) {
      const isRecorded = this.#isRecorded(feed.name);
      // the weights of a recorded stream are saved after a first state from which they can be learned again
      if (feed.next === 0 && isRecorded) continue;
      const { isSaved, unsavedCost } = feed.pipeline;
      // it would take long to repeat the frames since the last time
      const isDue = isRecorded && (!isSaved || unsavedCost > maxUnsavedCost);
      await this.#write(feed.name, feed.pipeline.learned(), pipelines || isDue ? feed.save() : undefined);
    }
  }

  /** Saves a stream that is being removed. If it is opened again, it continues with what is saved now. */
  saveRemoved(feed: Feed): void {
    const { name } = feed;
    const [learned, run] = [feed.pipeline.learned(), feed.save()];
    run.then((saved) => saved && this.#options.pipelines.hold(name, saved)).catch(() => {});
    this.#removed = this.#removed.then(() => this.#write(name, learned, run));
  }

  /** Writes the saved state of a stream, after its earlier saved states. */
  async #write(
    name: string,
    learned: Promise<Map<string, LearnedWeights>>,
    run?: Promise<SavedRun | undefined>,
  ): Promise<void> {
    const settled = Promise.allSettled([learned, run]);
    const before = this.#writing.get(name);
    const writing = Promise.all([before, settled]).then(() => this.#writeNow(name, learned, run));
    this.#writing.set(name, writing);
    await writing;
    if (this.#writing.get(name) === writing) this.#writing.delete(name);
  }

  async #writeNow(
    name: string,
    learned: Promise<Map<string, LearnedWeights>>,
    run?: Promise<SavedRun | undefined>,
  ): Promise<void> {
    const { store, pipelines, recordings, log } = this.#options;
    try {
      const saved = await run;
      // without a saved pipeline, the weights would not be those from which a recording starts
      if (!saved && this.#isRecorded(name) && !pipelines.has(name)) return;
      // what the pipeline has processed must be in the recording
      if (saved?.position && (await recordings?.recorder.sync(name)) === false) return;
      if (saved) await pipelines.save(name, saved);
      await store.save(name, await learned);
    } catch (error) {
      log(`stream ${name}: could not save its pipeline and learned weights: ${String(error)}`);
    }
  }

  #isRecorded(name: string): boolean {
    return this.#options.recordings?.recorder.isRecorded(name) ?? false;
  }
}
