import { frameCount } from '../../core/blocks/block.ts';
import { csvWriter } from '../../formats/csv/csv-writer.ts';
import { piecesOf } from '../../core/blocks/cut-block.ts';
import type { OutputFile } from '../output-file.ts';
import type { Exported, ExportSource } from './exported.ts';
import { timedRows } from './timed-rows.ts';

/** Frames that become text at once. */
const pieceFrames = 4096;

/** Exports a recording to CSV, bit for bit. */
export async function exportCsv({ run, parts }: ExportSource, file: OutputFile): Promise<Exported> {
  const { channels, rate, kind } = run;
  const writer = csvWriter(channels, { rate, kind, events: true });
  file.write(writer.header());
  let [frames, events] = [0, 0];
  for await (const row of timedRows(parts())) {
    if (row.type === 'event') {
      file.write(writer.event(row.event));
      events++;
    } else {
      for (const piece of piecesOf(row.block, pieceFrames)) file.write(writer.rows(piece));
      frames += frameCount(row.block);
    }
  }
  return { frames, events, notes: [] };
}
