/** Adjacent rows of a feature map whose labels share words: `alpha O1`, `alpha O2` → alpha: O1, O2. */
export interface RowGroup {
  readonly name: string;
  /** Index of the first row. */
  readonly from: number;
  /** The labels without the shared words. */
  readonly rows: readonly string[];
}

/** Ways to split a label in two: after the first word, or before the last word. */
const splits = [/^(\S+)\s+(.+)$/, /^(.+)\s+(\S+)$/];

/**
 * Groups labels by the words that they start with. Returns undefined if grouping does not shorten them. A split that gives
 * every group the same rows (`cpu 0 trend`, `cpu 0 change`, `cpu 1 trend`, …) is preferred.
 */
export function groupRows(labels: readonly string[]): readonly RowGroup[] | undefined {
  const groupings = splits.map((split) => groupBy(labels, split)).filter((groups) => groups !== undefined);
  return groupings.find(isRegular) ?? groupings[0];
}

/** Whether every group has the same rows. */
export function isRegular(groups: readonly RowGroup[]): boolean {
  return groups.length > 1 && groups.every(({ rows }) => rows.join('\n') === groups[0].rows.join('\n'));
}

function groupBy(labels: readonly string[], split: RegExp): RowGroup[] | undefined {
  const groups: { name: string; from: number; rows: string[] }[] = [];
  for (const [row, label] of labels.entries()) {
    const parts = split.exec(label);
    if (!parts) return undefined;
    const last = groups.at(-1);
    if (last?.name === parts[1]) last.rows.push(parts[2]);
    else groups.push({ name: parts[1], from: row, rows: [parts[2]] });
  }
  const names = new Set(groups.map(({ name }) => name));
  return groups.length > 0 && groups.length * 2 <= labels.length && names.size === groups.length ? groups : undefined;
}
