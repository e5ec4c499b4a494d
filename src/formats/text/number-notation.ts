import { isMissing } from '../cell.ts';

/** How the numbers of a column are written. */
export interface NumberNotation {
  readonly decimal: '.' | ',';
  /** Character between groups of three digits; undefined if there is none. */
  readonly group?: string;
  /** Unit that follows the numbers in the cells, such as % or °C; '' if there is none. */
  readonly unit: string;
}

/** Numbers as in programming languages. */
export const plainNotation: NumberNotation = { decimal: '.', unit: '' };

const groups = ",.'’ \u00a0\u202f_";
const numeric = new RegExp(
  `^([-+]?)((?:\\d[\\d${groups}]*|[.,]\\d+)(?:[eE][-+]?\\d+)?)(?: ?([^\\d\\s.,;:/+-][^\\d;:]{0,11}))?$`,
);
/** Groups of three digits, and a decimal separator other than the one between the groups. */
const grouped = new RegExp(`^\\d{1,3}([${groups}])\\d{3}(?:\\1\\d{3})*(?:(?!\\1)[.,]\\d*)?$`);

/**
 * Determines the notation of a column from its cells, one by one:
 *
 *     1,200.5   the last separator is the decimal one      1.000.000   a repeated separator groups digits
 *     20,5      not three digits: a decimal comma          1,234       either; the other cells decide
 */
export class NotationFinder {
  /** Cells that can only be read with a decimal point or comma. */
  readonly #decimal = { '.': 0, ',': 0 };
  /** Cells that can only be read with this character between groups. */
  readonly #group = new Map<string, number>();
  /** Cells with one point or comma before three digits. */
  readonly #either = { '.': 0, ',': 0 };
  readonly #units = new Map<string, number>();
  #cells = 0;

  /** Adds a cell; returns whether it is a number in some notation. */
  add(cell: string): boolean {
    const parts = numeric.exec(cell);
    if (!parts) return false;
    const number = parts[2].replace(/[eE].*/, '').trim();
    const separators = [...number].filter((character) => groups.includes(character));
    const [first] = separators;
    const isGrouped = grouped.test(number);
    const isDecimal = separators.length === 1 && (first === '.' || first === ',');
    if (separators.length > 0 && !isGrouped && !isDecimal) return false;
    this.#cells++;
    const unit = parts[3]?.trim() ?? '';
    this.#units.set(unit, (this.#units.get(unit) ?? 0) + 1);
    if (isDecimal) this.#addDecimal(first, isGrouped && !number.startsWith('0'));
    else if (isGrouped) this.#addGroup(first, separators.at(-1) ?? first);
    return true;
  }

  /** Adds a number as in programming languages. Before three digits, its point could also group digits (1.234). */
  addPlain(cell: string): void {
    this.#cells++;
    const point = cell.indexOf('.');
    if (point < 0) return;
    const first = cell.charCodeAt(0);
    const sign = first === 0x2b || first === 0x2d ? 1 : 0;
    const whole = point - sign;
    const isZero = cell.charCodeAt(sign) === 0x30;
    this.#addDecimal('.', cell.length - point === 4 && whole >= 1 && whole <= 3 && !isZero);
  }

  #addDecimal(separator: '.' | ',', either: boolean): void {
    if (either) this.#either[separator]++;
    else this.#decimal[separator]++;
  }

  #addGroup(group: string, last: string): void {
    this.#group.set(group, (this.#group.get(group) ?? 0) + 1);
    if (last !== group && (last === '.' || last === ',')) this.#decimal[last]++;
  }

  /** Whether the cells contain decimal commas or groups, or neither. */
  get evidence(): { readonly comma: boolean; readonly point: boolean } {
    const { '.': points, ',': commas } = this.#decimal;
    return { comma: commas > points || this.#group.has('.'), point: points > commas || this.#group.has(',') };
  }

  /**
   * The notation.
   *
   * @param commas whether other columns of the table have decimal commas; undefined if they decide nothing
   * @param separated whether commas separate the cells of the table, so that a quoted 1,234 is one thousand
   */
  notation(commas: boolean | undefined, separated: boolean): NumberNotation {
    const { comma, point } = this.evidence;
    const ambiguous = this.#either[','] > 0 && !comma && !point;
    const decimal = comma || (ambiguous && (commas ?? !separated)) ? ',' : '.';
    const other = decimal === ',' ? '.' : ',';
    const known = [...this.#group.keys()].find((character) => character !== decimal);
    const group = known ?? (this.#either[other] > 0 ? other : undefined);
    const [unit = '', count = 0] = [...this.#units].find(([each]) => each !== '') ?? [];
    return { decimal, ...(group !== undefined && { group }), unit: count > 0.9 * this.#cells ? unit : '' };
  }
}

/** The number in a cell; NaN if it is missing, text, or not finite. */
export function numberOf(cell: string, { decimal, group, unit }: NumberNotation): number {
  if (cell === '') return NaN;
  if (decimal === '.' && group === undefined && unit === '') {
    const plain = Number(cell);
    return Number.isFinite(plain) ? plain : NaN;
  }
  if (isMissing(cell)) return NaN;
  let text = unit !== '' && cell.endsWith(unit) ? cell.slice(0, -unit.length).trimEnd() : cell;
  if (group !== undefined && text.includes(group)) {
    const digits = text.replace(/^[-+]/, '').replace(/[eE].*/, '');
    if (!grouped.test(digits)) return NaN;
    text = text.replaceAll(group, '');
  }
  const number = Number(decimal === ',' ? text.replace(',', '.') : text);
  return text === '' || !Number.isFinite(number) ? NaN : number;
}
