import { isMissing } from '../cell.ts';
import { NotationFinder, numberOf, type NumberNotation, plainNotation } from './number-notation.ts';

/** Maximum number of different cells that are counted. */
const maxDistinct = 64;

/** What the cells of a column contain. */
export class ColumnProfile {
  readonly name: string;
  readonly #finder = new NotationFinder();
  readonly #distinct = new Map<string, number>();
  /** Numbers of cells. */
  missing = 0;
  numbers = 0;
  texts = 0;
  /** The first text; '' if there is none. */
  firstText = '';
  /** Whether every number is one more than the one before. */
  counts = true;
  #previous = NaN;
  /** Numbers without a decimal or grouping character. */
  #plain = true;

  constructor(name: string) {
    this.name = name;
  }

  /** Returns whether the cell contains a number. */
  add(cell: string): boolean {
    if (this.#distinct.size <= maxDistinct) this.#distinct.set(cell, (this.#distinct.get(cell) ?? 0) + 1);
    const number = cell === '' ? NaN : Number(cell);
    if (Number.isFinite(number)) {
      this.#finder.addPlain(cell);
      this.#plain &&= !cell.includes('.');
      this.#addNumber(number);
      return true;
    }
    if (!isMissing(cell) && this.#finder.add(cell)) {
      this.#plain = false;
      this.#addNumber(number);
      return true;
    }
    if (isMissing(cell)) this.missing++;
    else {
      this.texts++;
      this.firstText ||= cell;
    }
    return false;
  }

  #addNumber(number: number): void {
    if (this.numbers > 0 && number !== this.#previous + 1) this.counts = false;
    this.#previous = number;
    this.numbers++;
  }

  /** The different cells in order of appearance, with their numbers; undefined if there are too many. */
  get distinct(): ReadonlyMap<string, number> | undefined {
    return this.#distinct.size <= maxDistinct ? this.#distinct : undefined;
  }

  /** Whether the column contains numbers, and not more texts than numbers. */
  get isNumeric(): boolean {
    return this.numbers > 0 && this.numbers >= this.texts;
  }

  get evidence(): NotationFinder['evidence'] {
    return this.#finder.evidence;
  }

  /** The notation of the numbers; see `NotationFinder.notation`. */
  notation(commas: boolean | undefined, separated: boolean): NumberNotation {
    return this.#plain ? plainNotation : this.#finder.notation(commas, separated);
  }

  /** Whether all numbers are integers from -1 to 99, or words, of at most `maxDistinct` kinds. */
  get isDiscrete(): boolean {
    const cells = this.distinct;
    return (
      cells !== undefined &&
      [...cells.keys()].every((cell) => {
        const number = numberOf(cell, plainNotation);
        return Number.isNaN(number) || (Number.isInteger(number) && number >= -1 && number < 100);
      })
    );
  }
}
