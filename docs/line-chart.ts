/** One line of a chart. */
export interface Line {
  name: string;
  /** [x, y] in the units of the axes, x ascending. */
  points: readonly (readonly [number, number])[];
  /** Draw the line dashed. */
  dashed?: boolean;
}

/** An axis: its title with the unit, and the values that have a tick. The first and the last tick are the limits. */
export interface Axis {
  title: string;
  ticks: readonly number[];
  logarithmic?: boolean;
}

/** A chart of lines. */
export interface LineChart {
  /** Describes the chart to readers that do not see it. */
  title: string;
  x: Axis;
  y: Axis;
  lines: readonly Line[];
  /** A vertical line at this x, with a label. */
  event?: { at: number; label: string };
}

const [width, height] = [720, 330];
const area = { left: 64, right: 28, top: 40, bottom: 52 };
/** Colors that differ in lightness, for readers who do not distinguish all hues: light mode, dark mode. */
const colors = [
  ['#0b5cad', '#6cb6ff'],
  ['#c2410c', '#ff9d5c'],
  ['#15803d', '#6ee7a0'],
  ['#7e22ce', '#d6a5ff'],
  ['#525252', '#b8b8b8'],
];

const style = `
  .page { fill: #ffffff } .text { fill: #1f2328; font: 13px system-ui, sans-serif } .grid { stroke: #d0d7de; stroke-width: 1 }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round }
  ${colors.map(([light], i) => `.c${i} { stroke: ${light} }`).join(' ')}
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } .text { fill: #e6edf3 } .grid { stroke: #3d444d }
    ${colors.map(([, dark], i) => `.c${i} { stroke: ${dark} }`).join(' ')}
  }`;

/** Draws a chart as an SVG document. It follows the color scheme of the reader. Lines are cut off at the limits of the y axis. */
export function drawLineChart({ title, x, y, lines, event }: LineChart): string {
  const [right, bottom] = [width - area.right, height - area.bottom];
  const toX = scale(x, area.left, right);
  const toY = scale(y, bottom, area.top);
  const clamp = (value: number) => Math.min(Math.max(value, Math.min(...y.ticks)), Math.max(...y.ticks));
  const label = (value: number) => value.toLocaleString('en-US').replace('-', '−');
  const text = (atX: number, atY: number, content: string, more = '') =>
    `<text class="text" x="${round(atX)}" y="${round(atY)}" ${more}>${content}</text>`;
  const stroke = (i: number, dashed = false) => `class="line c${i}"${dashed ? ' stroke-dasharray="7 4"' : ''}`;
  const legendWidth = (width - area.left - area.right) / lines.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">`,
    `<title>${title}</title><style>${style}\n</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="6"/>`,
    ...y.ticks.flatMap((tick) => [
      `<path class="grid" d="M${area.left} ${round(toY(tick))}H${right}"/>`,
      text(area.left - 8, toY(tick) + 4, label(tick), 'text-anchor="end"'),
    ]),
    ...x.ticks.map((tick) => text(toX(tick), bottom + 20, label(tick), 'text-anchor="middle"')),
    text((area.left + right) / 2, height - 12, x.title, 'text-anchor="middle"'),
    text(0, 0, y.title, `text-anchor="middle" transform="translate(18 ${(area.top + bottom) / 2}) rotate(-90)"`),
    ...(event
      ? [
          `<path class="grid" stroke-dasharray="2 3" d="M${round(toX(event.at))} ${area.top}V${bottom}"/>`,
          text(toX(event.at) + 6, area.top + 14, event.label),
        ]
      : []),
    ...lines.flatMap(({ name, points, dashed }, i) => [
      `<path ${stroke(i, dashed)} d="M${points.map(([a, b]) => `${round(toX(a))} ${round(toY(clamp(b)))}`).join('L')}"/>`,
      `<path ${stroke(i, dashed)} d="M${round(area.left + i * legendWidth)} 20h22"/>`,
      text(area.left + i * legendWidth + 28, 24, name),
    ]),
    '</svg>\n',
  ].join('\n');
}

const round = (value: number) => String(Math.round(10 * value) / 10);

/** Maps the values of an axis to pixels. */
function scale({ ticks, logarithmic }: Axis, from: number, to: number): (value: number) => number {
  const place = logarithmic ? Math.log : (value: number) => value;
  const [first, last] = [place(ticks[0]), place(ticks[ticks.length - 1])];
  return (value) => from + ((place(value) - first) / (last - first)) * (to - from);
}
