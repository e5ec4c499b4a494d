import { frameCount, timeOf, type Block } from '../core/blocks/block.ts';
import { invalid } from '../core/check.ts';

/** Writes blocks as CSV text. */
export interface CsvWriter {
  /** `time,<labels>` and a line break. */
  header(): string;
  /**
   * One line per frame: its time in ISO 8601 (UTC, µs), then its samples; a missing sample is NaN. Throws a RangeError if
   * the block has another number of channels.
   */
  rows(block: Block): string;
}

/**
 * Creates a writer of CSV that `readCsv` reads back bit for bit: every sample is printed in the shortest form that is
 * still the same float32. A gap appears as a jump in time.
 */
export function csvWriter(channels: readonly (string | { readonly label: string })[]): CsvWriter {
  const labels = channels.map((channel) => (typeof channel === 'string' ? channel : channel.label));
  return {
    header: () => `${['time', ...labels.map(quote)].join(',')}\n`,
    rows(block) {
      if (block.channels !== labels.length) throw invalid('block.channels', `${labels.length}`, block.channels);
      let text = '';
      for (let frame = 0, at = 0; frame < frameCount(block); frame++) {
        text += isoMicroseconds(timeOf(block, block.start + frame));
        for (let channel = 0; channel < block.channels; channel++) text += `,${shortest(block.data[at++])}`;
        text += '\n';
      }
      return text;
    },
  };
}

/** The shortest decimal that is read back as the same float32. */
export function shortest(sample: number): string {
  if (Number.isInteger(sample) && Math.abs(sample) < 1e6) return Object.is(sample, -0) ? '-0' : String(sample);
  if (!Number.isFinite(sample)) return String(sample);
  // Float32 preserves decimals of up to 6 digits, so shorter ones need not be tried, except below the normal range.
  for (let digits = Math.abs(sample) < 1.2e-38 ? 1 : 6; digits < 9; digits++) {
    const decimal = Number(sample.toPrecision(digits));
    if (Math.fround(decimal) === sample) return String(decimal);
  }
  return String(Number(sample.toPrecision(9)));
}

function isoMicroseconds(time: number): string {
  const ms = Math.floor(time);
  const micro = Math.min(999, Math.round((time - ms) * 1000));
  return `${new Date(ms).toISOString().slice(0, -1)}${String(micro).padStart(3, '0')}Z`;
}

function quote(label: string): string {
  const line = label.replace(/[\r\n]+/g, ' ');
  return /[",;\t]|^ | $/.test(line) ? `"${line.replaceAll('"', '""')}"` : line;
}
