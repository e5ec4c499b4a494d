/** An option of readers, of `ReadOptions`, that can help with a file. */
export type ReadingOption = 'columns' | 'rate' | 'timeUnit' | 'timeFormat' | 'sort' | 'series' | 'skip' | 'maxGap';

/** What the user does with each option. */
const purposes: Readonly<Record<ReadingOption, string>> = {
  columns: 'select columns with',
  rate: 'set the sampling rate with',
  timeUnit: 'set the unit of the times with',
  timeFormat: 'set the format of the times with',
  sort: 'sort the rows with',
  series: 'separate the sources with',
  skip: 'skip the first lines with',
  maxGap: 'set the longest gap with',
};

/** Thrown if a file cannot be read without an option: it is ambiguous, or a part of it is wrong. */
export class ReadingError extends Error {
  /** A sentence on what is wrong. */
  readonly reason: string;
  /** Options that help, the most likely one first. */
  readonly options: readonly ReadingOption[];
  /** Values of the first option that could be right, the most likely one first. */
  readonly suggestions: readonly string[];

  constructor(reason: string, options: readonly ReadingOption[], suggestions: readonly string[] = []) {
    super();
    this.name = 'ReadingError';
    this.reason = reason;
    this.options = options;
    this.suggestions = suggestions;
    this.message = [reason, this.advice(nameOf)].join(' ').trim();
  }

  /**
   * A sentence on the options that help; empty if there are none.
   *
   * @param name what an option is called where the sentence is shown, with a value if one is given
   */
  advice(name: (option: ReadingOption, value?: string) => string): string {
    const examples = this.suggestions.map((value) => name(this.options[0], value)).join(' or ');
    const ways = this.options.map((option, i) => {
      const example = i === 0 && examples !== '' ? ` (for example ${examples})` : '';
      return `${purposes[option]} ${name(option)}${example}`;
    });
    const sentence = ways.join(', or ');
    return sentence === '' ? '' : `${sentence[0].toUpperCase()}${sentence.slice(1)}.`;
  }
}

/** Thrown if neither a recording nor the options determine the sampling rate. */
export class MissingRateError extends ReadingError {
  constructor(reason: string, options: readonly ReadingOption[] = ['rate']) {
    super(reason, options);
    this.name = 'MissingRateError';
  }
}

const units: Partial<Record<ReadingOption, string>> = { rate: ' (Hz)', maxGap: ' (s)' };

/** An option as users of the library write it. */
function nameOf(option: ReadingOption, value?: string): string {
  return value === undefined ? `the option ${option}${units[option] ?? ''}` : `'${value}'`;
}
