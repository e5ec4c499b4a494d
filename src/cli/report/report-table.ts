import { escaped } from './report-page.ts';

export const reportTableStyle = `
.table { overflow-x: auto; margin: .6rem 0; } .table table { border-collapse: collapse; } .table td, .table th { padding: .3rem 0 .3rem 1.6rem; text-align: right; }
.table td:first-child, .table th:first-child { padding-left: 0; text-align: left; } .table th { color: var(--muted); font-weight: normal; font-size: .85em; } .table tbody tr { border-top: 1px solid var(--edge); }
pre { overflow-x: auto; padding: .6rem .8rem; background: var(--card); border: 1px solid var(--edge); border-radius: 10px; }`;

/** A table as HTML. The first row is the header, the first column contains names, and the others contain numbers. */
export function reportTable([header, ...rows]: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: 'th' | 'td') =>
    `<tr>${cells.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  const body = rows.map((cells) => row(cells, 'td')).join('\n');
  return `<div class="card table"><table><thead>${row(header, 'th')}</thead>\n<tbody>${body}</tbody></table></div>`;
}
