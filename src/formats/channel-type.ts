/** Type of a channel, by its name in BIDS (channels.tsv) or MNE. */
export type ChannelType =
  | 'HEOG'
  | 'VEOG'
  | 'EOG'
  | 'ECG'
  | 'EMG'
  | 'SEEG'
  | 'SAO2'
  | 'ECOG'
  | 'DBS'
  | 'MEG'
  | 'NIRS'
  | 'EEG'
  | 'PPG'
  | 'GSR'
  | 'RESP'
  | 'TEMP'
  | 'ACCEL'
  | 'GYRO'
  | 'MAGN'
  | 'EYEGAZE'
  | 'PUPIL'
  | 'AUDIO'
  | 'TRIG'
  | 'REF'
  | 'MISC';

/** What a file contains on a channel. */
export interface DescribedChannel {
  readonly label: string;
  /** '' if it has none. */
  readonly unit: string;
  /** Type or transducer in words, such as `EEG` or `AgAgCl electrode`; '' if unknown. */
  readonly transducer: string;
}

/** Names of each type in a label or in a description, as a word. An earlier one takes precedence: `EEG ECG` is an ECG. */
const names: readonly (readonly [ChannelType, string])[] = [
  ['HEOG', 'h[-_ ]?eog[lr]?|eog[-_ ]?h(oriz(ontal)?)?'],
  ['VEOG', 'v[-_ ]?eog[loud]?|eog[-_ ]?v(ert(ical)?)?'],
  ['EOG', 'eog[lr]?|[lr]oc|electrooculogram'],
  ['ECG', 'f?e[ck]g[lr]?|electrocardiogram'],
  ['EMG', 'emg[lr]?|chin|electromyogram'],
  ['SEEG', 'seeg'],
  ['ECOG', 'ecog'],
  ['DBS', 'dbs'],
  ['MEG', 'meg(mag|grad)?'],
  ['NIRS', 'f?nirs|hb[or]'],
  ['EEG', 'eeg|electroencephalogram'],
  ['SAO2', 's[ap]o2|oxygen saturation'],
  ['PPG', 'ppg|pleth(ysmogram)?|bvp|photoplethysmogram'],
  ['GSR', 'gsr|eda|sc[rl]|galvanic|electrodermal'],
  ['RESP', 'resp(iration|iratory)?|((oro)?nasal )?(air)?flow|thor(ax|acic)?|abd(omen|ominal)?'],
  ['TEMP', 'temp(erature)?'],
  ['ACCEL', 'acc(el(eration|erometer)?)?[-_ ]?[xyz]?'],
  ['GYRO', 'gyro(scope)?[-_ ]?[xyz]?'],
  ['MAGN', 'mag(n(etometer)?)?[-_ ]?[xyz]?'],
  ['EYEGAZE', '(eye[-_ ]?)?gaze'],
  ['PUPIL', 'pupil'],
  ['AUDIO', 'audio|sound|microphone'],
  ['TRIG', 'trig(ger)?s?|sti(m(ulus)?)?|status|markers?|events?'],
  ['REF', '^ref(erence)?'],
  ['MISC', '^(misc|bio|aux)'],
];
const patterns = names.map(([type, words]) => [type, new RegExp(`(?<![a-z])(${words})(?![a-z])`, 'i')] as const);

/** Electrodes of the 10-5 system, alone or first in a pair (`Fpz-Cz`), or followed by dots (`Fc5.`). */
const electrode =
  /^((AFp|Fp|AFF?|F|FFT|FFC|FTT?|FCC?|C|CCP|T|TTP|TPP?|CPP?|P|PPO|POO?|OI?|I|N)(z|[1-9]h?|10h?)|[AM][12])\.*($|[- ])/i;
/** Leads of an ECG. */
const lead = /^(ML)?(I{1,3}|aV[RLF]|V[1-9XYZ]?R?)$/i;
const volts = /^[mµn]?V$/;
const units: readonly (readonly [ChannelType, RegExp])[] = [
  ['TEMP', /^(°|deg ?)[CF]$/i],
  ['GSR', /^µ(S|mho)$/],
];

/**
 * The type of a channel by its label, else by its description, else by its unit: an electrode of the 10-5 system or a lead of
 * an ECG in volts. Undefined if none of them determines it; volts alone do not.
 *
 *     'EEG Fpz-Cz', 'Fc5.' in µV  EEG    'Resp nasal'  RESP    'x' of an XDF stream of type EEG  EEG    'x' in µV  undefined
 */
export function channelTypeOf({ label, unit, transducer }: DescribedChannel): ChannelType | undefined {
  const named = (text: string) => patterns.find(([, pattern]) => pattern.test(text.trim()))?.[0];
  const inVolts = volts.test(unit);
  return (
    named(label) ??
    named(transducer) ??
    (inVolts && electrode.test(label) ? 'EEG' : undefined) ??
    (inVolts && lead.test(label) ? 'ECG' : undefined) ??
    units.find(([, pattern]) => pattern.test(unit))?.[0]
  );
}
