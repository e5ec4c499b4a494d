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
 * A list that is not so is left out, and told in a sentence. https://www.edfplus.info/specs/edfplus.html#tal
 */
export class EdfAnnotations {
  readonly #places: readonly (readonly [from: number, to: number])[];
  readonly #annotations: Annotation[] = [];
  #records = 0;
  #spoiled = 0;
  #firstSpoiled = '';

  constructor(signals: readonly Signal[]) {
    this.#places = signals
      .filter(({ holds }) => holds === 'annotations')
      .map((signal) => {
        const from = placeOf(signal, signals);
        return [from, from + recordBytes([signal])];
      });
  }

  /** When a record begins, in s, where it says so. */
  onsetOf(record: Uint8Array): number | undefined {
    const list = this.#lists(record).at(0)?.at(0) ?? '';
    const first = readList(list)?.at(0);
    return first?.text === '' ? first.onset : undefined;
  }

  /** Takes the annotations of the next record. */
  add(record: Uint8Array): void {
    this.#records++;
    for (const list of this.#lists(record).flat()) {
      const annotations = readList(list);
      if (!annotations) {
        this.#spoiled++;
        this.#firstSpoiled ||= `record ${this.#records} holds ${JSON.stringify(list.slice(0, 40))}`;
      }
      for (const annotation of annotations ?? []) if (annotation.text !== '') this.#annotations.push(annotation);
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
