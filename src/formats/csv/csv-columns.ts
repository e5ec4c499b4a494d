import { selectColumns, type SelectedColumns } from '../columns.ts';
import type { ReadOptions } from '../recording.ts';
import type { ColumnProfile } from '../text/column-profile.ts';
import { readDateText } from '../time/date-text.ts';

/** The selected columns of a CSV table, with notes on the others. */
export interface CsvColumns extends SelectedColumns {
  /** Indexes of columns that look like labels and are not selected. */
  readonly labels: readonly number[];
  readonly notes: readonly string[];
}

const labelWords = new Set(
  'label labels anomaly anomalies anomalous isanomaly outlier outliers isoutlier class classes classification target targets groundtruth truth attack fault faulty failure changepoint changepoints activity activityid stage stages sleepstage diagnosis annotation annotations category detection eyedetection gt'.split(
    ' ',
  ),
);

/** Whether a name is that of labels: one of its words, or all of them together (`isAnomaly`, `ground_truth`, `attack_label`). */
function isLabelName(name: string): boolean {
  const words = name
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}]+/u)
    .filter((word) => word !== '');
  return labelWords.has(words.join('')) || words.some((word) => labelWords.has(word));
}

const indexName =
  /^(unnamed: \d+|index|idx|id|row|rows|no\.?|nr\.?|#|n|record|counter|count|samples?|samples?[ _](index|number|id|#)|frames?|frame[ _](index|number|id)|seq|sequence|entry[ _]id)$/i;

/** A column with a single number, as OpenViBE writes it. */
const rateName = /^sampl\w*[ _]?(rate|freq\w*)$/i;

/**
 * Selects the columns of the options, or else the numeric ones: those with at least as many numbers as texts. Columns of
 * labels and row numbers are skipped unless they are the only ones. Throws an Error if there are none, or if a selected
 * column contains only text.
 *
 * @param used indexes of the columns of times, events, and series
 * @param unnamed indexes of the columns without a name in the header
 */
export function chooseColumns(
  profiles: readonly ColumnProfile[],
  used: readonly number[],
  unnamed: readonly number[],
  options: ReadOptions,
): CsvColumns {
  const names = profiles.map(({ name }) => name);
  const numeric = [...profiles.keys()].filter((column) => !used.includes(column) && profiles[column].isNumeric);
  const isLabel = (column: number) => isLabelName(names[column]) && profiles[column].isDiscrete;
  const isIndex = (column: number) =>
    (indexName.test(names[column]) || unnamed.includes(column)) &&
    profiles[column].counts &&
    profiles[column].numbers > 2;
  const isRate = (column: number) => rateName.test(names[column]) && profiles[column].numbers === 1;
  const kept = numeric.filter((column) => !isLabel(column) && !isIndex(column) && !isRate(column));
  const selected = selectColumns(names, options, () => (kept.length > 0 ? kept : numeric));
  const { columns } = selected;
  if (columns.length === 0) throw new Error(`no column contains numbers; the columns are ${names.join(', ')}`);
  const wrong = columns.map((column) => profiles[column]).find(({ numbers, texts }) => numbers === 0 && texts > 0);
  if (wrong) throw new Error(`columns must contain numbers, but '${wrong.name}' contains '${wrong.firstText}'`);
  const others = [...profiles.keys()].filter((column) => !used.includes(column) && !columns.includes(column));
  const labels = others.filter(
    (column) =>
      isLabelName(names[column]) &&
      profiles[column].isDiscrete &&
      profiles[column].numbers + profiles[column].texts > 0,
  );
  const indexes = others.filter((column) => numeric.includes(column) && isIndex(column));
  const rest = others.filter((column) => !labels.includes(column) && !indexes.includes(column));
  return {
    ...selected,
    labels,
    notes: options.columns
      ? []
      : [
          ...skipped(
            'columns that look like labels',
            labels.map((column) => profiles[column]),
          ),
          ...skipped(
            'columns that contain row numbers',
            indexes.map((column) => profiles[column]),
          ),
          ...textNotes(rest.map((column) => profiles[column])),
        ],
  };
}

/** One sentence per reason to skip columns, with their names. */
function textNotes(others: readonly ColumnProfile[]): string[] {
  const named = others.filter(({ name, texts, numbers }) => name !== '' || texts + numbers > 0);
  const times = named.filter(({ firstText }) => firstText !== '' && readDateText(firstText) !== undefined);
  const empty = named.filter(({ texts, numbers }) => texts + numbers === 0);
  const text = named.filter((each) => !times.includes(each) && !empty.includes(each));
  return [
    ...skipped('columns of times', times),
    ...skipped('columns in which most cells are not numbers', text),
    ...skipped('empty columns', empty),
  ];
}

function skipped(what: string, which: readonly ColumnProfile[]): string[] {
  const named = which.map(({ name, firstText }) => (firstText === '' ? name : `${name} ('${shortened(firstText)}')`));
  return which.length > 0 ? [`Skipped ${what}: ${named.join(', ')}.`] : [];
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}
