import { invalid } from '../core/check.ts';
import { channelTypeOf, type DescribedChannel } from './channel-type.ts';
import { selectColumns, type SelectedColumns } from './columns.ts';
import { type Channel, MissingRateError, type ReadOptions, type Recording } from './recording.ts';
import { readErrorOf, type RecordSignal, type Signal } from './signal.ts';

/** The selected signals of a file. */
export interface Selection<S extends RecordSignal = Signal> {
  /** Signals with the same rate; none if the file contains marks only. */
  readonly selected: readonly S[];
  readonly roles: SelectedColumns['roles'];
  /** Frames per second by the clock of the file, which determines the frames of its marks. */
  readonly clock: number;
  /** Sampling rate in Hz: that of the options, or else the clock. */
  readonly rate: number;
  /** Sentences on the signals that are skipped. */
  readonly notes: readonly string[];
}

/**
 * Selects the signals of a recording: those of `columns`, or else those with the rate that has the most readable samples;
 * the higher rate if two have the same number.
 *
 *     3 EEG at 100 Hz, 4 respiration and temperature at 1 Hz    100 Hz
 *     20 EEG at 256 Hz, 1 audio at 1024 Hz                      256 Hz
 *
 * Next to annotations, records of 0 s with one sample per signal, such as checksums, are no signals. Without signals, marks
 * are counted in ms. Throws an Error if the selected columns have different rates or cannot be
 * read, or if no signal can be read; a MissingRateError if the rate is unknown.
 *
 * @param duration duration of a record in s; 0 if unknown
 */
export function chooseSignals<S extends RecordSignal>(
  signals: readonly S[],
  duration: number,
  options: ReadOptions,
): Selection<S> {
  const errors = new Map(signals.map((signal) => [signal, readErrorOf(signal)]));
  const unreadable = signals.filter((signal) => errors.get(signal));
  const readable = signals.filter((signal) => signal.content !== 'events' && !errors.get(signal));
  const sampled = readable.filter(({ content }) => content === 'samples');
  const untimed =
    duration === 0 &&
    options.rate === undefined &&
    signals.some(({ content }) => content === 'annotations') &&
    sampled.every(({ samples }) => samples === 1);
  const defaults = () => {
    const error = readable.length === 0 && errors.get(unreadable[0]);
    if (error) throw error;
    return (untimed ? [] : withMostSamples(sampled)).map((signal) => signals.indexOf(signal));
  };
  const named = ({ label, samples }: RecordSignal) =>
    `${label} (${duration > 0 ? `${+(samples / duration).toPrecision(6)} Hz` : `${samples} samples per record`})`;
  const labels = signals.map(({ label }) => label);
  const chosen = selectColumns(labels, options, defaults);
  const selected = chosen.columns.map((place) => signals[place]);
  checkSelected(selected, named);
  const timed = selected.at(0) ?? readable.find(({ content }) => content === 'triggers');
  const clock = !timed ? (options.rate ?? 1000) : duration > 0 ? timed.samples / duration : options.rate;
  if (clock === undefined) throw new MissingRateError('the duration of a data record is 0 s.');
  const otherRates = sampled.filter((signal) => !selected.includes(signal)).map(named);
  const notes = [
    ...skipped(untimed ? 'signals without a sampling rate' : 'signals with another sampling rate', otherRates),
    ...skipped(
      `unreadable signals (${errors.get(unreadable[0])?.message})`,
      unreadable.map(({ label }) => label),
    ),
  ];
  return { selected, roles: chosen.roles, clock, rate: options.rate ?? clock, notes: options.columns ? [] : notes };
}

function skipped(what: string, names: readonly string[]): string[] {
  return names.length > 0 ? [`Skipped ${what}: ${names.join(', ')}.`] : [];
}

function checkSelected(selected: readonly RecordSignal[], named: (signal: RecordSignal) => string): void {
  const marks = selected.find(({ content, samples }) => content === 'annotations' || samples === 0);
  if (marks) throw invalid('selected signals', 'signals with samples', marks.label);
  if (selected.some(({ samples }) => samples !== selected[0].samples))
    throw invalid('selected signals', 'signals with the same sampling rate', selected.map(named).join(', '));
}

/** The signals with the rate that has the most samples. */
function withMostSamples<S extends RecordSignal>(signals: readonly S[]): readonly S[] {
  const at = (samples: number) => signals.filter((signal) => signal.samples === samples);
  const rates = [...new Set(signals.map(({ samples }) => samples))].sort((a, b) => b - a);
  const maxTotal = Math.max(...rates.map((samples) => samples * at(samples).length));
  return at(rates.find((samples) => samples * at(samples).length === maxTotal) ?? 0);
}

/** The channels of signals, with their types. Their kind is EEG if at least half of them are of this type. */
export function channelsOf(signals: readonly DescribedChannel[]): Pick<Recording, 'channels' | 'kind'> {
  const channels = signals.map((signal): Channel => {
    const { label, unit } = signal;
    const type = channelTypeOf(signal);
    return { label, ...(unit !== '' && { unit }), ...(type && { type }) };
  });
  const eeg = channels.filter(({ type }) => type === 'EEG').length;
  return { ...(eeg > 0 && eeg >= channels.length / 2 && { kind: 'eeg' }), channels };
}
