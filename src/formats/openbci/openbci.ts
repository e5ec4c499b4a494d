import { positive } from '../../core/check.ts';
import { headedReader } from './headed-reader.ts';
import { openbciLayout } from './openbci-layout.ts';
import { OpenbciRows } from './openbci-rows.ts';
import { type ReadOptions, readWhole, type Recording, type RecordingReader } from '../recording.ts';

/**
 * Creates a reader of text files of the OpenBCI GUI, versions 1 to 6: comment lines (`%Number of channels = 8`,
 * `%Sample Rate = 250 Hz`), in newer files a row with the column names, then one frame per line (see `openbciLayout`). The
 * channels are the columns named EXG (µV), or `columns`; values of a Marker Channel are events.
 *
 *     time of frame n = first timestamp + 1000 n / rate      (timestamps are late: frames arrive in bursts)
 *     n jumps by 1 + lost                                     (see `lostFrames`)
 *
 * Rows of zeros before the first frame and rows that are cut are skipped, with a note. The reader throws an Error with the
 * line number if most rows are cut, and a MissingRateError if the rate is unknown.
 */
export function openbciReader(options: ReadOptions = {}): RecordingReader {
  if (options.rate !== undefined) positive('rate', options.rate, 'Hz');
  const file = new OpenbciFile(options);
  return headedReader(
    (lines) => {
      for (const line of lines) file.add(line);
      return [];
    },
    () => ({ add: () => undefined, recording: () => file.recording() }),
  );
}

/** Reads an OpenBCI recording from a string. Options and errors are those of `openbciReader`. */
export function readOpenbci(text: string, options: ReadOptions = {}): Recording {
  return readWhole(openbciReader(options), text);
}

/** Number of rows from which the layout is determined. */
const headRows = 1000;

/** A line that is not a comment, and its number from 1. */
interface Line {
  readonly text: string;
  readonly number: number;
}

/** The lines of one file. */
class OpenbciFile {
  readonly #options: ReadOptions;
  readonly #comments: string[] = [];
  #lines = 0;
  #head: Line[] = [];
  #rows: OpenbciRows | undefined;
  /** The newest line, which can be cut if it is the last one. */
  #last: Line | undefined;

  constructor(options: ReadOptions) {
    this.#options = options;
  }

  add(text: string): void {
    const line = { text, number: ++this.#lines };
    if (/^\s*$/.test(text)) return;
    if (/^\s*"?%/.test(text)) {
      if (!this.#rows) this.#comments.push(text);
      return;
    }
    if (this.#rows) {
      if (this.#last) this.#rows.add(this.#last.text, this.#last.number);
      this.#last = line;
    } else {
      this.#head.push(line);
      if (this.#head.length > headRows) this.#start();
    }
  }

  recording(): Recording {
    const rows = this.#rows ?? this.#start();
    if (this.#last) rows.addLast(this.#last.text, this.#last.number);
    return rows.recording();
  }

  #start(): OpenbciRows {
    const texts = this.#head.map(({ text }) => text);
    const rows = new OpenbciRows(openbciLayout(this.#comments.join('\n'), texts, this.#options), this.#options);
    this.#last = this.#head.pop();
    for (const line of this.#head) rows.add(line.text, line.number);
    this.#head = [];
    this.#rows = rows;
    return rows;
  }
}
