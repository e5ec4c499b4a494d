import type { TimedEvent } from './record-clock.ts';
import { offsetOf, recordBytes, type Signal } from '../signal.ts';
import { decodeText } from '../text-field.ts';

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
  /** The annotations, in the order of the file. */
  readonly annotations: TimedEvent[] = [];
  readonly #places: readonly (readonly [from: number, to: number])[];
  readonly #maxOnset: number;
  #records = 0;
  #malformed = 0;
  #firstMalformed = '';

  /** @param maxOnset maximum absolute onset in s */
  constructor(signals: readonly Signal[], maxOnset: number) {
    this.#maxOnset = maxOnset;
    this.#places = signals
      .filter(({ content }) => content === 'annotations')
      .map((signal) => {
        const from = offsetOf(signal, signals);
        return [from, from + recordBytes([signal])];
      });
  }

  /** Adds the annotations of the next record. Returns its onset in s, if it contains one. */
  add(record: Uint8Array): number | undefined {
    this.#records++;
    const signals = this.#places.map(([from, to]) => listsOf(record.subarray(from, to)));
    for (const list of signals.flat()) this.#add(list);
    const first = readList(signals.at(0)?.at(0) ?? '')?.at(0);
    return first?.text === '' ? first.onset : undefined;
  }

  notes(): string[] {
    return this.#malformed === 0
      ? []
      : [`Malformed annotation lists are skipped: ${this.#malformed}. The first one: ${this.#firstMalformed}.`];
  }

  #add(list: string): void {
    const annotations = readList(list);
    if (annotations?.every((annotation) => this.#isNear(annotation)))
      this.annotations.push(...annotations.filter(({ text }) => text !== ''));
    else {
      this.#malformed++;
      this.#firstMalformed ||= `record ${this.#records} contains ${JSON.stringify(list.slice(0, 40))}`;
    }
  }

  #isNear({ onset, duration }: TimedEvent): boolean {
    return Math.abs(onset) <= this.#maxOnset && duration <= this.#maxOnset;
  }
}

/** A number in s. Some writers use a decimal comma or an exponent. */
const number = /^[+-]?\d+([.,]\d*)?(e[+-]?\d+)?$/i;

function readList(list: string): TimedEvent[] | undefined {
  const [when, ...texts] = list.split(endOfText);
  const [onset, duration = ''] = when.split(beforeDuration);
  const seconds = (text: string) => Number(text.replace(',', '.'));
  const wellFormed = number.test(onset) && (duration === '' || number.test(duration)) && texts.pop() === '';
  return wellFormed
    ? texts.map((text) => ({ onset: seconds(onset), duration: Math.max(0, seconds(duration)), text }))
    : undefined;
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
