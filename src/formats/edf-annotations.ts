import { invalid } from '../core/check.ts';
import type { RecordedMark } from './recording.ts';
import { offsetOf, recordBytes, type Signal } from './signal.ts';
import { decodeText } from './text-field.ts';

/** One annotation: its onset in s since the start of the file, and its duration in s. */
interface Annotation {
  readonly onset: number;
  readonly duration: number;
  readonly text: string;
}

const endOfText = '\x14';
const beforeDuration = '\x15';

/**
 * Collects the annotations of EDF+ records: lists of texts, each with the time that its texts share.
 *
 *     +onset [15 duration] 14 text 14 text 14 00      bytes in hex; onset and duration in s, as decimal text in UTF-8
 *     +567 14 14 00                                   the first list of a record, with an empty first text: its onset
 *
 * A list that is malformed or too far off is skipped and mentioned in a note. https://www.edfplus.info/specs/edfplus.html#tal
 */
export class EdfAnnotations {
  readonly #places: readonly (readonly [from: number, to: number])[];
  /** Maximum absolute onset in s: its frame index is exact, and its date is valid. */
  readonly #maxOnset: number;
  readonly #annotations: Annotation[] = [];
  #records = 0;
  #malformed = 0;
  #firstMalformed = '';

  /** @param clock frames per second */
  constructor(signals: readonly Signal[], clock: number) {
    this.#maxOnset = Math.min(8e12, 2 ** 52 / clock);
    this.#places = signals
      .filter(({ content }) => content === 'annotations')
      .map((signal) => {
        const from = offsetOf(signal, signals);
        return [from, from + recordBytes([signal])];
      });
  }

  /** The onset of the next record in s, if it contains one. Throws a RangeError if it is too far off. */
  onsetOf(record: Uint8Array): number | undefined {
    const list = this.#lists(record).at(0)?.at(0) ?? '';
    const first = readList(list)?.at(0);
    if (first?.text !== '') return undefined;
    if (!this.#isNear(first))
      throw invalid(`the onset of record ${this.#records + 1}`, `within ${this.#maxOnset} s`, first.onset);
    return first.onset;
  }

  /** Adds the annotations of the next record. */
  add(record: Uint8Array): void {
    this.#records++;
    for (const list of this.#lists(record).flat()) {
      const annotations = readList(list);
      if (!annotations?.every((annotation) => this.#isNear(annotation))) {
        this.#malformed++;
        this.#firstMalformed ||= `record ${this.#records} contains ${JSON.stringify(list.slice(0, 40))}`;
        continue;
      }
      for (const annotation of annotations) if (annotation.text !== '') this.#annotations.push(annotation);
    }
  }

  /** The annotations as marks. Frame 0 is `begin` s after the start of the file; `rate` is in Hz. */
  marks(begin: number, rate: number): RecordedMark[] {
    return this.#annotations.map(({ onset, duration, text }) => {
      const frames = Math.round(duration * rate);
      return { at: Math.round((onset - begin) * rate), label: text, ...(frames > 0 && { frames }) };
    });
  }

  notes(): string[] {
    return this.#malformed === 0
      ? []
      : [`Malformed annotation lists are skipped: ${this.#malformed}. The first one: ${this.#firstMalformed}.`];
  }

  #isNear({ onset, duration }: Annotation): boolean {
    return Math.abs(onset) <= this.#maxOnset && duration <= this.#maxOnset;
  }

  #lists(record: Uint8Array): string[][] {
    return this.#places.map(([from, to]) => listsOf(record.subarray(from, to)));
  }
}

function readList(list: string): Annotation[] | undefined {
  const [when, ...texts] = list.split(endOfText);
  const [onset, duration = '0'] = when.split(beforeDuration);
  const wellFormed = /^[+-]?\d+(\.\d*)?$/.test(onset) && /^(\d+(\.\d*)?)?$/.test(duration) && texts.pop() === '';
  return wellFormed ? texts.map((text) => ({ onset: Number(onset), duration: Number(duration), text })) : undefined;
}

/** The lists in one signal of a record, separated by zero bytes. */
function listsOf(bytes: Uint8Array): string[] {
  const lists: string[] = [];
  for (let from = 0; from < bytes.length;) {
    const zero = bytes.indexOf(0, from);
    const to = zero < 0 ? bytes.length : zero;
    if (to > from) lists.push(decodeText(bytes.subarray(from, to)));
    from = to + 1;
  }
  return lists;
}
