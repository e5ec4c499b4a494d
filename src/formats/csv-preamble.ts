import type { Channel } from './recording.ts';
export interface CsvPreamble {
  readonly kind?: string;
  readonly rate?: number;
  readonly channels: readonly Channel[];
}
export function readPreamble(line: string): CsvPreamble | undefined {
  return line === '\0' ? { channels: [] } : undefined;
}
export function readTextCell(cell: string): string {
  return cell;
}
