import type { Recording } from '../../sources/index.ts';

/**
 * A line on the recording at `path` that names channels which hold at most two different samples, as labels do and sensors seldom; '' where there is
 * none. A column with a role is meant to be what it is.
 */
export function labelNote(path: string, { channels, blocks, roles = {} }: Recording): string {
  const meant = new Set(Object.values(roles).flat());
  const kinds = channels.map(() => new Set<number>());
  const asked = [...channels.keys()].filter((c) => !meant.has(c));
  for (const { data } of blocks)
    for (const c of asked)
      for (let i = c; i < data.length && kinds[c].size < 3; i += channels.length)
        if (Number.isFinite(data[i])) kinds[c].add(data[i]);
  const named = asked.filter((c) => kinds[c].size < 3).map((c) => channels[c].label);
  if (named.length === 0) return '';
  const look = named.length === 1 ? 'looks like a label: leave it out' : 'look like labels: leave them out';
  return `${path}: no more than two different samples in ${named.join(', ')}, which ${look} with --columns\n`;
}
