/** Where an electrode sits, as how strongly it sees each part of the simulated signal. */
export interface Electrode {
  readonly label: string;
  /** Share of the alpha at O1. */
  readonly alpha: number;
  /** Peak of a blink in µV, before its own chance. */
  readonly blink: number;
  /** Spread of a jaw clench in µV. */
  readonly jaw: number;
  /** Amplitude of the mains hum in µV. */
  readonly mains: number;
}

/** The eight electrodes of the simulated headset, in the 10-20 system. */
export const electrodes: readonly Electrode[] = [
  { label: 'Fp1', alpha: 0.08, blink: 125, jaw: 30, mains: 3.5 },
  { label: 'Fp2', alpha: 0.08, blink: 120, jaw: 28, mains: 3 },
  { label: 'C3', alpha: 0.25, blink: 18, jaw: 32, mains: 2.5 },
  { label: 'C4', alpha: 0.22, blink: 17, jaw: 34, mains: 4 },
  { label: 'P7', alpha: 0.55, blink: 6, jaw: 40, mains: 3 },
  { label: 'P8', alpha: 0.5, blink: 6, jaw: 38, mains: 4.5 },
  { label: 'O1', alpha: 1, blink: 4, jaw: 22, mains: 3.5 },
  { label: 'O2', alpha: 0.9, blink: 4, jaw: 20, mains: 3 },
];
