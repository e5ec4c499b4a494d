import type { RunEvent } from '../../store/recorded-event.ts';
import type { StoredPart } from '../stored-stream.ts';

/** What is exported. */
export interface ExportSource {
  /** The channels and the rate of all parts. */
  readonly run: RunEvent;
  /** Reads all parts. Each call reads the same. */
  readonly parts: () => AsyncIterable<StoredPart>;
}

/** What was exported. */
export interface Exported {
  readonly frames: number;
  readonly events: number;
  /** Sentences on what the format does not preserve. */
  readonly notes: readonly string[];
}
