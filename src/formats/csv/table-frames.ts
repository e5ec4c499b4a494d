/** The frames of a table in the order of its rows. */
export interface TableFrames {
  /** [frames, columns]; NaN where a sample is missing. */
  readonly samples: Float32Array;
  /** In ms, [frames]; empty if there is no time column. */
  readonly times: Float64Array;
  /** The line of each frame, [frames]. */
  readonly lines: Float64Array;
}

/** The sources of the rows: their names, and the source of each row by its index. */
interface Sources {
  readonly sources: readonly string[];
  readonly rows: readonly number[];
}

/** Frames sorted by time; one without a time stays behind the frame before it. */
export function sortFrames({ samples, times, lines }: TableFrames): TableFrames {
  let last = -Infinity;
  const keys = times.map((time) => (last = Number.isNaN(time) ? last : time));
  const order = Uint32Array.from(times.keys()).sort((a, b) => keys[a] - keys[b] || a - b);
  const channels = samples.length / lines.length;
  const moved = new Float32Array(samples.length);
  for (const [place, row] of order.entries())
    moved.set(samples.subarray(row * channels, (row + 1) * channels), place * channels);
  return {
    samples: moved,
    times: Float64Array.from(order, (row) => times[row]),
    lines: Float64Array.from(order, (row) => lines[row]),
  };
}

/**
 * Places the rows of every source side by side, by their times in ascending order: samples [rows, sources · columns], NaN where
 * a source has no row at a time. Of several rows of a source at the same time, the last one counts. Rows without a time are
 * dropped.
 */
export function sideBySide({ times, samples, lines }: TableFrames, { sources, rows }: Sources): TableFrames {
  const channels = samples.length / lines.length;
  const distinct = Float64Array.from(new Set(times.filter((time) => !Number.isNaN(time)))).sort();
  const placeOf = new Map([...distinct].map((time, place) => [time, place] as const));
  const width = sources.length * channels;
  const joined = new Float32Array(distinct.length * width).fill(NaN);
  const firstLines = new Float64Array(distinct.length).fill(Infinity);
  for (const [row, source] of rows.entries()) {
    const place = placeOf.get(times[row]);
    if (place === undefined) continue;
    joined.set(samples.subarray(row * channels, (row + 1) * channels), place * width + source * channels);
    firstLines[place] = Math.min(firstLines[place], lines[row]);
  }
  return { times: distinct, samples: joined, lines: firstLines };
}
