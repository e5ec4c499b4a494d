import { rmSync } from 'node:fs';
import { extname } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { counted } from '../amounts.ts';
import { UsageError } from '../failure.ts';
import { integerFrom } from '../options.ts';
import { checkOutputs, outputFile } from '../output-file.ts';
import { checkSameShape, openStored, pointInTime, selectedRuns, storedParts } from '../stored-stream.ts';
import { binaryFile, type BinaryFile } from './binary-file.ts';
import { exportCsv } from './export-csv.ts';
import { exportEdf } from './export-edf.ts';
import { exportParquet } from './export-parquet.ts';
import type { Exported, ExportSource } from './exported.ts';

/** Writes a recording to a file. */
type Exporter = (source: ExportSource, path: string) => Promise<Exported>;

const exporters: Readonly<Record<string, Exporter>> = {
  '.csv': async (source, path) => {
    const file = outputFile(path);
    try {
      return await exportCsv(source, file);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      file.close();
    }
  },
  '.parquet': (source, path) => toBinary(path, (file) => exportParquet(source, file)),
  '.edf': (source, path) => toBinary(path, (file) => exportEdf(source, 'edf', file)),
  '.bdf': (source, path) => toBinary(path, (file) => exportEdf(source, 'bdf', file)),
};

type ExportOptions = { out: string; state: string; from?: number; to?: number; run?: number };

/** `tapline export`: writes a recording of the server to a file. */
export function exportCommand(): Command<[string], ExportOptions> {
  return new Command('export')
    .summary('Export a recording of the server to CSV, Parquet, EDF+, or BDF+')
    .description(
      'Export a recorded stream to a file. Its extension selects the format: .csv, .parquet, .edf (EDF+), or .bdf (BDF+). The server can be running.',
    )
    .argument('<stream>', 'Stream name')
    .requiredOption('-o, --out <file>', 'File to write (required)')
    .option('--state <directory>', "Directory of 'tapline serve --state'", '.tapline')
    .option(
      '--from <time>',
      'Start of the time span: ISO 8601, or an age such as 2h (default: the oldest frame)',
      pointInTime,
    )
    .option('--to <time>', 'End of the time span, exclusive (default: now)', pointInTime)
    .option('--run <number>', 'Export only this run (default: all runs)', integerFrom(0, Number.MAX_SAFE_INTEGER))
    .addHelpText('after', '\nExample:\n  tapline export headset --from 2h -o headset.bdf')
    .action(async (stream, { out, state, ...selection }) => {
      const exporter = exporters[extname(out).toLowerCase()] as Exporter | undefined;
      if (!exporter)
        throw new UsageError(
          `--out must end with ${Object.keys(exporters).join(', ')}, got '${out}'. It selects the format.`,
        );
      checkOutputs([out]);
      checkSpan(selection);
      const recording = await openStored(state, stream);
      const run = checkSameShape(selectedRuns(recording, selection));
      const damage = new Set<string>();
      const parts = () => storedParts(recording, selection, (sentence) => damage.add(sentence));
      const { frames, events, notes } = await exporter({ run, parts }, out);
      const written = `${counted(frames, 'frame')}${events > 0 ? ` and ${counted(events, 'event')}` : ''}`;
      process.stderr.write(`Wrote ${written} of ${stream} to ${out}\n`);
      for (const note of [...notes, ...damage]) process.stderr.write(`Note: ${note}\n`);
    });
}

/** @throws UsageError if the end is not after the start */
export function checkSpan({ from, to }: { from?: number; to?: number }): void {
  if (from !== undefined && to !== undefined && !(to > from))
    throw new UsageError(
      `--to must be after --from (${new Date(from).toISOString()}), got ${new Date(to).toISOString()}`,
    );
}

async function toBinary(path: string, write: (file: BinaryFile) => Promise<Exported>): Promise<Exported> {
  const file = binaryFile(path);
  try {
    const exported = await write(file);
    file.close();
    return exported;
  } catch (error) {
    file.discard();
    throw error;
  }
}
