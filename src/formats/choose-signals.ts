import { invalid } from '../core/check.ts';
import { keptColumns, type KeptColumns } from './columns.ts';
import type { ReadOptions, Recording } from './recording.ts';
import { faultOf, type Signal } from './signal.ts';

/** What is taken of a file. */
export interface Choice {
  /** Signals of one rate; none where the file holds marks only. */
  readonly taken: readonly Signal[];
  readonly roles: KeptColumns['roles'];
  /** Hz: frames a second of the file's own clock, by which its marks find their frames. */
  readonly clock: number;
  /** Hz: the clock, unless the options say otherwise. */
  readonly rate: number;
  /** What is left out, as a sentence. */
  readonly notes: readonly string[];
}

/**
 * Chooses the signals that make a recording: those of `columns`; else, of all that hold readable samples, those of the
 * rate at which the most samples come, and of equal ones the higher.
 *
 *     3 EEG at 100 Hz, 4 of breath and temperature at 1 Hz    100 Hz
 *     20 EEG at 256 Hz, 1 sound at 1024 Hz                    256 Hz
 *
 * `duration` of a record in s; 0 where the file does not tell. Without any signal, marks are counted in ms.
 * Throws on columns of several rates or unreadable ones, where no signal is readable, and where nothing tells the rate.
 */
export function chooseSignals(signals: readonly Signal[], duration: number, options: ReadOptions): Choice {
  const faults = new Map(signals.map((signal) => [signal, faultOf(signal)]));
  const faulty = signals.filter((signal) => faults.get(signal));
  const readable = signals.filter((signal) => signal.holds !== 'events' && !faults.get(signal));
  const sampled = readable.filter(({ holds }) => holds === 'samples');
  const usual = () => {
    const fault = readable.length === 0 && faults.get(faulty[0]);
    if (fault) throw fault;
    return ofMostSamples(sampled).map((signal) => signals.indexOf(signal));
  };
  const named = ({ label, samples }: Signal) =>
    `${label} (${duration > 0 ? `${+(samples / duration).toPrecision(6)} Hz` : `${samples} samples a record`})`;
  const labels = signals.map(({ label }) => label);
  const kept = keptColumns(labels, options, usual);
  const taken = kept.columns.map((place) => signals[place]);
  checkTaken(taken, named);
  const paced = taken.at(0) ?? readable.find(({ holds }) => holds === 'triggers');
  const clock = !paced ? (options.rate ?? 1000) : duration > 0 ? paced.samples / duration : options.rate;
  if (clock === undefined)
    throw new Error('the duration of a record is 0 s and tells no rate: give it with --rate (Hz)');
  const others = sampled.filter((signal) => !taken.includes(signal)).map(named);
  const notes = [
    ...leftOut('of another rate (take them with --columns)', others),
    ...leftOut(
      `unreadable (${faults.get(faulty[0])?.message})`,
      faulty.map(({ label }) => label),
    ),
  ];
  return { taken, roles: kept.roles, clock, rate: options.rate ?? clock, notes: options.columns ? [] : notes };
}

function leftOut(why: string, names: readonly string[]): string[] {
  return names.length > 0 ? [`left out, ${why}: ${names.join(', ')}`] : [];
}

function checkTaken(taken: readonly Signal[], named: (signal: Signal) => string): void {
  const marks = taken.find(({ holds, samples }) => holds === 'annotations' || samples === 0);
  if (marks) throw invalid('signals to take', 'such as hold samples', marks.label);
  if (taken.some(({ samples }) => samples !== taken[0].samples))
    throw invalid('signals to take', 'of one rate', taken.map(named).join(', '));
}

/** Those of the rate at which the most samples come. */
function ofMostSamples(signals: readonly Signal[]): readonly Signal[] {
  const at = (samples: number) => signals.filter((signal) => signal.samples === samples);
  const rates = [...new Set(signals.map(({ samples }) => samples))].sort((a, b) => b - a);
  const most = Math.max(...rates.map((samples) => samples * at(samples).length));
  return at(rates.find((samples) => samples * at(samples).length === most) ?? 0);
}

/** Electrodes of the 10-10 system, alone or as the first of a pair (`Fpz-Cz`), with dots behind (`Fc5.`). */
const electrode = /^(Fp|AF|F|FT|FC|C|T|TP|CP|P|PO|O|I)(z|[1-9]|10)\.*($|[- ])/i;

/** The channels of signals; of kind EEG where at least half are electrodes in volts, or are called EEG. */
export function channelsOf(signals: readonly Signal[]): Pick<Recording, 'channels' | 'kind'> {
  const eeg = signals.filter(
    ({ label, unit, transducer }) =>
      /^EEG\b/i.test(label) || /\bEEG\b/i.test(transducer) || (/^[mµn]?V$/.test(unit) && electrode.test(label)),
  );
  return {
    ...(eeg.length > 0 && eeg.length >= signals.length / 2 && { kind: 'eeg' }),
    channels: signals.map(({ label, unit }) => (unit === '' ? { label } : { label, unit })),
  };
}
