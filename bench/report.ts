import { arch, cpus, platform } from 'node:os';

/** Formats rows under a header as text columns: the first left-aligned, the others right-aligned. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, c) =>
    Math.max(...[title, ...rows.map((row) => row[c])].map(({ length }) => length)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, c) => (c === 0 ? cell.padEnd(widths[c]) : cell.padStart(widths[c])))
      .join('  ')
      .trimEnd();
  return [header, ...rows].map(line).join('\n');
}

/** Formats a number with three significant digits: 0.0712, 3.45, 1290. */
export function digits(x: number): string {
  if (!Number.isFinite(x)) return '-';
  return x === 0 ? '0' : x.toFixed(Math.max(0, 2 - Math.floor(Math.log10(Math.abs(x)))));
}

/** Returns the GFLOP/s of `operations` in `us` µs. */
export function gflops(operations: number, us: number): string {
  return (operations / us / 1000).toFixed(1);
}

/** Returns a description of this machine: 'AMD EPYC, 2 cores, linux x64, Node 20.20.2 (V8 11.3)'. */
export function machine(): string {
  const cores = cpus();
  const [node, v8] = [process.versions.node, process.versions.v8.split('.').slice(0, 2).join('.')];
  return `${cores[0].model.trim()}, ${cores.length} cores, ${platform()} ${arch()}, Node ${node} (V8 ${v8})`;
}
