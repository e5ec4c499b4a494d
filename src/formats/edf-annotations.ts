import { invalid } from '../core/check.ts';
import type { RecordedMark } from './recording.ts';
import { placeOf, recordBytes } from './signal.ts';
import type { Signal } from './signal.ts';
import { decodeText } from './text-field.ts';

/** One annotation: when it begins and how long it lasts, in s since the file's beginning. */
interface Annotation {
  readonly onset: number;
  readonly duration: number;
  readonly text: string;
}

const endOfText = '\x14';
const beforeDuration = '\x15';

/**
 * Gathers the annotations of EDF+ records: lists of texts, each with the time that they share.
 *
 *     +onset [15 duration] 14 text 14 text 14 00      bytes in hex; onset and duration in s, as decimal text in UTF-8
 *     +567 14 14 00                                   the first list of a record, its first text empty: when it begins
 *
 * A list that is not so, or too far off, is left out, and told in a sentence. https://www.edfplus.info/specs/edfplus.html#tal
 */
export class EdfAnnotations {
  readonly #places: readonly (readonly [from: number, to: number])[];
  /** How far off an onset may be, in s: so far its frame is counted exactly, and its date is one. */
  readonly #farthest: number;
  readonly #annotations: Annotation[] = [];
  #records = 0;
  #spoiled = 0;
  #firstSpoiled = '';

  /** `clock`: frames a second. */
  constructor(signals: readonly Signal[], clock: number) {
    this.#farthest = Math.min(8e12, 2 ** 52 / clock);
    this.#places = signals
      .filter(({ holds }) => holds === 'annotations')
      .map((signal) => {
        const from = placeOf(signal, signals);
        return [from, from + recordBytes([signal])];
      });
  }

  /** When the next record begins, in s, where it says so. Throws where that is too far off. */
  onsetOf(record: Uint8Array): number | undefined {
    const list = this.#lists(record).at(0)?.at(0) ?? '';
    const first = readList(list)?.at(0);
    if (first?.text !== '') return undefined;
    if (!this.#isNear(first))
      throw invalid(`the onset of record ${this.#records + 1}`, `within ${this.#farthest} s`, first.onset);
    return first.onset;
  }

  /** Takes the annotations of the next record. */
  add(record: Uint8Array): void {
    this.#records++;
    for (const list of this.#lists(record).flat()) {
      const annotations = readList(list);
      if (!annotations?.every((annotation) => this.#isNear(annotation))) {
        this.#spoiled++;
        this.#firstSpoiled ||= `record ${this.#records} holds ${JSON.stringify(list.slice(0, 40))}`;
        continue;
      }
      for (const annotation of annotations) if (annotation.text !== '') this.#annotations.push(annotation);
    }
  }

  /** The annotations as marks; frame 0 comes `begin` s after the file's beginning, and `rate` of them a second. */
  marks(begin: number, rate: number): RecordedMark[] {
    return this.#annotations.map(({ onset, duration, text }) => {
      const frames = Math.round(duration * rate);
      return { at: Math.round((onset - begin) * rate), label: text, ...(frames > 0 && { frames }) };
    });
  }

  notes(): string[] {
    return this.#spoiled === 0 ? [] : [`${this.#spoiled} lists of annotations are left out: ${this.#firstSpoiled}`];
  }

  #isNear({ onset, duration }: Annotation): boolean {
    return Math.abs(onset) <= this.#farthest && duration <= this.#farthest;
  }

  #lists(record: Uint8Array): string[][] {
    return this.#places.map(([from, to]) => listsOf(record.subarray(from, to)));
  }
}

function readList(list: string): Annotation[] | undefined {
  const [when, ...texts] = list.split(endOfText);
  const [onset, duration = '0'] = when.split(beforeDuration);
  const whole = /^[+-]?\d+(\.\d*)?$/.test(onset) && /^(\d+(\.\d*)?)?$/.test(duration) && texts.pop() === '';
  return whole ? texts.map((text) => ({ onset: Number(onset), duration: Number(duration), text })) : undefined;
}

/** The lists in one signal of a record: what stands between zero bytes. */
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
