/** Rows of a feature map that lie together and share words: `alpha O1`, `alpha O2` → alpha: O1, O2. */
export interface RowGroup {
  readonly name: string;
  /** The first row. */
  readonly from: number;
  /** What is left of each label. */
  readonly rows: readonly string[];
}

/** A label cut in two: after its first word, or before its last one. */
const cuts = [/^(\S+)\s+(.+)$/, /^(.+)\s+(\S+)$/];

/**
 * Groups labels by the words that they begin with; undefined when that would not make them shorter to read. Where one way
 * to cut them gives every group the same rows (`cpu 0 trend`, `cpu 0 change`, `cpu 1 trend` …), it is that one.
 */
export function groupRows(labels: readonly string[]): readonly RowGroup[] | undefined {
  const ways = cuts.map((cut) => groupBy(labels, cut)).filter((groups) => groups !== undefined);
  return ways.find(isRegular) ?? ways[0];
}

/** Whether every group has the same rows. */
export function isRegular(groups: readonly RowGroup[]): boolean {
  return groups.length > 1 && groups.every(({ rows }) => rows.join('\n') === groups[0].rows.join('\n'));
}

function groupBy(labels: readonly string[], cut: RegExp): RowGroup[] | undefined {
  const groups: { name: string; from: number; rows: string[] }[] = [];
  for (const [row, label] of labels.entries()) {
    const parts = cut.exec(label);
    if (!parts) return undefined;
    const last = groups.at(-1);
    if (last?.name === parts[1]) last.rows.push(parts[2]);
    else groups.push({ name: parts[1], from: row, rows: [parts[2]] });
  }
  const names = new Set(groups.map(({ name }) => name));
  return groups.length > 0 && groups.length * 2 <= labels.length && names.size === groups.length ? groups : undefined;
}
