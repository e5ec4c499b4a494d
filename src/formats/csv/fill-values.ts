/** Numbers that loggers and archives write for a missing sample. */
const fillValues = [-999, -999.9, -9999, -9999.9, -99999].map(Math.fround);

/**
 * Replaces fill values by NaN: a minimum such as -999 if no other sample of its column is near it, that is, below half of it.
 * Returns a note if there are any.
 *
 * @param samples (frames, channels); is changed
 */
export function removeFillValues(samples: Float32Array, labels: readonly string[]): string[] {
  const channels = labels.length;
  const found = labels.flatMap((label, channel) => {
    const least = smallestTwo(samples, channel, channels);
    if (!fillValues.includes(least.first) || !(least.second > least.first / 2)) return [];
    let count = 0;
    for (let i = channel; i < samples.length; i += channels)
      if (samples[i] === least.first) {
        samples[i] = NaN;
        count++;
      }
    return [`${count} in ${label} (${Number(least.first.toFixed(1))})`];
  });
  return found.length === 0 ? [] : [`Fill values are read as missing samples: ${found.join(', ')}.`];
}

/** The two smallest different numbers of a channel. */
function smallestTwo(
  samples: Float32Array,
  channel: number,
  channels: number,
): { readonly first: number; readonly second: number } {
  let [first, second] = [NaN, NaN];
  for (let i = channel; i < samples.length; i += channels) {
    const sample = samples[i];
    if (!(sample >= first)) {
      if (!Number.isNaN(sample)) [first, second] = [sample, first];
    } else if (sample > first && !(sample >= second)) second = sample;
  }
  return { first, second };
}
