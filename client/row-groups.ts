/** Rows of a feature map that begin with the same word, and lie together: `alpha O1`, `alpha O2` → alpha: O1, O2. */
export interface RowGroup {
  readonly name: string;
  /** The first row. */
  readonly from: number;
  /** What is left of each label. */
  readonly rows: readonly string[];
}

/** Groups labels by their first word; undefined when that would not make them shorter to read. */
export function groupRows(labels: readonly string[]): readonly RowGroup[] | undefined {
  const groups: { name: string; from: number; rows: string[] }[] = [];
  for (const [row, label] of labels.entries()) {
    const parts = /^(\S+?)[\s:/·]+(.+)$/.exec(label);
    if (!parts) return undefined;
    const last = groups.at(-1);
    if (last?.name === parts[1]) last.rows.push(parts[2]);
    else groups.push({ name: parts[1], from: row, rows: [parts[2]] });
  }
  const names = new Set(groups.map(({ name }) => name));
  return groups.length > 0 && groups.length * 2 <= labels.length && names.size === groups.length ? groups : undefined;
}
