/**
 * Prints the figures in a file of `npm run bench:engine -- --json <file>` as Markdown: npx tsx bench/readme-table.ts
 * <file>
 */
import { readFileSync } from 'node:fs';
import type { Figure } from './engine.ts';
import { digits } from './report.ts';

const figures = JSON.parse(readFileSync(process.argv[2], 'utf8')) as Figure[];
const isOurs = ({ engine }: Figure) => engine.startsWith('tapline');
const engines = [...new Set(figures.filter((figure) => !isOurs(figure)).map(({ engine }) => engine))];
const raced = [...new Set(figures.filter((figure) => !isOurs(figure)).map(({ workload }) => workload))];

/** Returns `1.29 µs (18×)`, or an empty string if there is no such figure. */
function cell(workload: string, engine: string): string {
  const figure = figures.find((each) => each.workload === workload && each.engine === engine);
  if (!figure) return '';
  return engine === 'tapline' ? `${digits(figure.us)} µs` : `${digits(figure.us)} µs (${digits(figure.ratio)}×)`;
}

function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = header.map((_, c) => (c === 0 ? '---' : '---:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const columns = ['tapline', ...engines];
console.log(
  markdown(
    ['workload', ...columns],
    raced.map((workload) => [workload, ...columns.map((engine) => cell(workload, engine))]),
  ),
);
const around = figures.filter((figure) => isOurs(figure) && figure.engine !== 'tapline');
const rows = around.map(({ workload, engine }) => [
  `${engine}, ${workload}`,
  cell(workload, 'tapline'),
  cell(workload, engine),
]);
console.log(`\n${markdown(['layer around the engine', 'engine alone', 'with this layer'], rows)}`);
