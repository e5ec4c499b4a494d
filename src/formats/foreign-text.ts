/** How texts begin that are no table. */
const beginnings: readonly (readonly [RegExp, string])[] = [
  [/^\s*<(!doctype|html|head|body|\?xml)/i, 'is no CSV: it looks like a web page; save the data behind it'],
  [/^\s*([{[]\s*$|\{\s*"|\[\s*[{[])/, 'is no CSV: it looks like JSON; write a line of cells for each frame'],
  [
    /^[\w/-]+ \d+ \d+(\.\d+)?(\/\S+)? \d+( |$)/,
    'is no CSV: it looks like a WFDB header; make CSV or EDF of its record first (rdsamp -c, mit2edf)',
  ],
];

/** Throws an Error that names what a text is, where its first lines show that it is no table. */
export function refuseForeign(lines: readonly string[]): void {
  const first = lines.find((line) => !/^\s*(#|$)/.test(line)) ?? '';
  const found = beginnings.find(([begin]) => begin.test(first));
  if (found) throw new Error(found[1]);
}
