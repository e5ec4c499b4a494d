/** Frames that an event is heard for, and how much a score must rise above them to be a new one, in decades. */
const frames = 60;
const rise = 0.1;

/**
 * The scores where something begins: those that lie 0.1 above all of the 60 before them; 0 elsewhere. A benchmark that
 * counts every frame over a threshold would else count one event many times.
 */
export function onsets(scores: ArrayLike<number>): Float64Array {
  const out = new Float64Array(scores.length);
  for (let t = 0; t < scores.length; t++) {
    let before = 0;
    for (let i = Math.max(0, t - frames); i < t; i++) if (scores[i] > before) before = scores[i];
    out[t] = scores[t] > before + rise ? scores[t] : 0;
  }
  return out;
}
