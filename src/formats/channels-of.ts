import type { Recording } from './recording.ts';
import type { Signal } from './signal.ts';

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

/** A unit as it is written here: `µV` also where a file says `uV` or writes the Greek letter. */
export function unitOf(text: string): string {
  return text.replace(/^[u\u03bc](?=[VAS]$)/, 'µ');
}
