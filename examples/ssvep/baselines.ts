import { butterworthHighPass, notch } from 'tapline';
import { bandWeight, canonicalCorrelation, harmonicsOf, orthonormal } from './cca.ts';
import { example, trca, type Example } from './trca.ts';
import { cut, lights, preprocess, rest, type Session, type Signal, type Trial } from './trials.ts';

/** The scores of the lights for a trial, [light]. The highest score wins. */
type Scores = Float64Array;

/** A method, trained with the given trials. It returns the scores of any trial. Trials are indexes into the session. */
type Method = (training: readonly number[]) => (trial: number) => Scores;

/** The window of a trial that is classified. */
export interface Window {
  /** Length in seconds. */
  seconds: number;
  /** Time from the light to the window in seconds. */
  delay: number;
}

/** High-pass filters. The first is that of all methods; the others start 2 Hz below a harmonic of the slowest light. */
const edges = [7, 24, 37, 50, 63]; // Hz

/** The preprocessed stream in every sub-band, [band]. `hum`: keep 50 Hz, the frequency of the power line. */
export function filterBank(session: Session, { hum }: { hum: boolean }): Float32Array[] {
  const { rate } = session;
  return edges.map((hz) =>
    preprocess(session, [butterworthHighPass(hz, { rate }), ...(hum ? [] : [notch(50, { rate })])]),
  );
}

/**
 * Filter-bank CCA (X. Chen and others, "Filter bank canonical correlation analysis for implementing a high-speed SSVEP-based
 * brain-computer interface", 2015): the score of a light is Σ_n (n^-1.25 + 0.25) ρ_n² over the sub-bands n = 1, 2, …
 * With one sub-band, it is CCA (Z. Lin and others, "Frequency recognition based on canonical correlation analysis for
 * SSVEP-based BCIs", 2006). It needs no training.
 */
export function filterBankCca(
  { rate, channels, trials }: Session,
  bank: Float32Array[],
  { seconds, delay }: Window,
  harmonics: number,
): Method {
  const length = Math.round(seconds * rate);
  const waves = lights.map((hz) => orthonormal(harmonicsOf(hz, harmonics, length, rate)));
  const score = ({ start }: Trial): Scores => {
    const bands = bank.map((x) => orthonormal(cut(x, channels, start + Math.round(delay * rate), length)));
    return Float64Array.from(waves, (wave) =>
      bands.reduce((sum, band, n) => sum + bandWeight(n) * canonicalCorrelation(band, wave) ** 2, 0),
    );
  };
  const scores: Scores[] = [];
  return () => (trial) => (scores[trial] ??= score(trials[trial]));
}

/**
 * TRCA in every sub-band. Where a light has fewer than two training trials, `fallback` answers. `align` shifts every trial
 * so that its fundamental has the same phase, for lights that do not start at the same phase in every trial.
 */
export function taskRelated(
  { rate, channels, trials }: Session,
  bank: Float32Array[],
  { seconds, delay }: Window,
  { ensemble, align, fallback }: { ensemble: boolean; align: boolean; fallback: Method },
): Method {
  const length = Math.round(seconds * rate);
  const longest = Math.ceil(rate / Math.min(...lights));
  const signals = trials.map(({ start }) =>
    bank.map((x) => cut(x, channels, start + Math.round(delay * rate), length)),
  );
  /** [trial][light] */
  const examples = signals.map((bands): Example[] => {
    if (!align) return Array<Example>(lights.length).fill(example(bands));
    return lights.map((hz) => {
      const shift = framesToPeak(bands[0], hz, rate);
      return example(bands.map((band) => band.map((each) => each.subarray(shift, shift + length - longest))));
    });
  });
  return (training) => {
    const byLight = lights.map((_, k) => training.filter((i) => trials[i].kind === k).map((i) => examples[i][k]));
    if (byLight.some((each) => each.length < 2)) return fallback(training);
    const score = trca(byLight, { ensemble });
    return (trial) => Float64Array.from(lights, (_, k) => score(examples[trial][k], k));
  };
}

/** The number of frames from the start to the first peak of `hz` (in Hz) in the sum of the channels. */
function framesToPeak(signal: Signal, hz: number, rate: number): number {
  const step = (2 * Math.PI * hz) / rate;
  let [re, im] = [0, 0];
  for (let t = 0; t < signal[0].length; t++) {
    let sum = 0;
    for (const channel of signal) sum += channel[t];
    re += sum * Math.cos(step * t);
    im += sum * Math.sin(step * t);
  }
  const angle = Math.atan2(im, re);
  return Math.round((angle < 0 ? angle + 2 * Math.PI : angle) / step);
}

/**
 * Classifies every trial with a method that is trained with the trials before it (`earlier`) or with all other trials (`others`).
 * Returns the scores of the lights and of rest, [trial][kind]. The score of rest is a threshold: the mean plus one standard
 * deviation of the highest scores of the rest trials among the training trials. With fewer than two of these, the answer is rest.
 */
export function classifyBy(method: Method, { trials }: Session, use: 'earlier' | 'others'): Float64Array[] {
  return trials.map((_, trial) => {
    const training = trials.map((_, i) => i).filter((i) => (use === 'earlier' ? i < trial : i !== trial));
    const scores = method(training);
    const resting = training.filter((i) => trials[i].kind === rest).map((i) => Math.max(...scores(i)));
    const mean = resting.reduce((sum, each) => sum + each, 0) / resting.length;
    const variance = resting.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (resting.length - 1);
    return Float64Array.of(...scores(trial), resting.length < 2 ? Infinity : mean + Math.sqrt(variance));
  });
}
