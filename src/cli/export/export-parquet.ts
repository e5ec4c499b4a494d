import { ByteWriter, type ColumnSource, ParquetWriter, type SchemaElement, type Writer } from 'hyparquet-writer';
import { type Block, frameCount, timeOf } from '../../core/blocks/block.ts';
import { piecesOf } from '../../core/blocks/cut-block.ts';
import type { TimedEvent } from '../../formats/csv/csv-writer.ts';
import type { BinaryFile } from './binary-file.ts';
import type { Exported, ExportSource } from './exported.ts';
import { timedRows } from './timed-rows.ts';

/** Samples in memory, which determine the rows of a row group. */
const groupSamples = 1 << 20;

/**
 * Exports a recording to Parquet, bit for bit. The columns are `time` (timestamp in µs, UTC), `run`, `index`, the channels
 * (float), `valid`, `event`, and `duration` (s). Like in CSV, an event is a row without samples.
 */
export async function exportParquet({ run, parts }: ExportSource, file: BinaryFile): Promise<Exported> {
  const { channels, rate, kind } = run;
  const names = columnNames(channels.map(({ label }) => label));
  const bytes = fileWriter(file);
  const description = { rate, kind, channels: channels.map(({ label, unit }) => ({ label, unit })) };
  const writer = new ParquetWriter({
    writer: bytes,
    schema: schemaOf(names),
    createdBy: 'tapline',
    kvMetadata: [{ key: 'tapline', value: JSON.stringify(description) }],
  });
  const capacity = Math.max(1024, Math.floor(groupSamples / (channels.length + 4)));
  let rows = new Rows(names);
  let [frames, events] = [0, 0];
  const flush = async () => {
    if (rows.count > 0) await writer.write({ columnData: rows.columns(), rowGroupSize: capacity });
    rows = new Rows(names);
  };
  for await (const row of timedRows(parts())) {
    if (row.type === 'event') {
      rows.addEvent(row.event, row.run);
      events++;
    } else {
      for (const piece of piecesOf(row.block, 256))
        for (let frame = 0; frame < frameCount(piece); frame++) {
          rows.addFrame(piece, frame, row.run);
          if (rows.count === capacity) await flush();
        }
      frames += frameCount(row.block);
    }
    if (rows.count === capacity) await flush();
  }
  await flush();
  await writer.finish();
  return { frames, events, notes: [] };
}

/** Rows in memory. */
class Rows {
  count = 0;
  readonly #names: ColumnNames;
  readonly #times: bigint[] = [];
  readonly #runs: bigint[] = [];
  readonly #indexes: (bigint | null)[] = [];
  readonly #samples: (number | null)[][];
  readonly #valid: (boolean | null)[] = [];
  readonly #events: (string | null)[] = [];
  readonly #durations: (number | null)[] = [];

  constructor(names: ColumnNames) {
    this.#names = names;
    this.#samples = names.channels.map(() => []);
  }

  addFrame(block: Block, frame: number, run: number): void {
    const { data, channels, start, valid } = block;
    this.#add(timeOf(block, start + frame), run, BigInt(start + frame), null, null, valid ? valid[frame] === 1 : true);
    for (let channel = 0; channel < channels; channel++) this.#samples[channel].push(data[frame * channels + channel]);
  }

  addEvent({ time, label, duration }: TimedEvent, run: number): void {
    this.#add(time, run, null, label, duration === undefined ? null : duration / 1000, null);
    for (const samples of this.#samples) samples.push(null);
  }

  /** The columns, in the order of the schema. */
  columns(): ColumnSource[] {
    const { time, run, index, valid, event, duration, channels } = this.#names;
    return [
      { name: time, data: this.#times },
      { name: run, data: this.#runs },
      { name: index, data: this.#indexes },
      // a dictionary would not distinguish -0 from 0
      ...channels.map((name, c): ColumnSource => ({ name, data: this.#samples[c], encoding: 'PLAIN' })),
      { name: valid, data: this.#valid },
      { name: event, data: this.#events },
      { name: duration, data: this.#durations },
    ];
  }

  #add(
    time: number,
    run: number,
    index: bigint | null,
    event: string | null,
    duration: number | null,
    valid: boolean | null,
  ): void {
    this.count++;
    this.#times.push(microseconds(time));
    this.#runs.push(BigInt(run));
    this.#indexes.push(index);
    this.#events.push(event);
    this.#durations.push(duration);
    this.#valid.push(valid);
  }
}

/** A time in ms as an integer in µs. */
function microseconds(time: number): bigint {
  const ms = Math.floor(time);
  return BigInt(ms) * 1000n + BigInt(Math.round((time - ms) * 1000));
}

/** Names of the columns. Those of the channels are their labels, all others have another name if a channel has theirs. */
interface ColumnNames {
  readonly time: string;
  readonly run: string;
  readonly index: string;
  readonly valid: string;
  readonly event: string;
  readonly duration: string;
  readonly channels: readonly string[];
}

function columnNames(labels: readonly string[]): ColumnNames {
  const used = new Set<string>();
  const unique = (name: string) => {
    let free = name;
    for (let n = 2; used.has(free); n++) free = `${name} ${n}`;
    used.add(free);
    return free;
  };
  const channels = labels.map((label, c) => unique(label || `channel ${c + 1}`));
  const own = (name: string) => unique(used.has(name) ? `tapline ${name}` : name);
  const [time, run, index] = ['time', 'run', 'index'].map(own);
  const [valid, event, duration] = ['valid', 'event', 'duration'].map(own);
  return { time, run, index, valid, event, duration, channels };
}

function schemaOf({ time, run, index, valid, event, duration, channels }: ColumnNames): SchemaElement[] {
  const optional = { repetition_type: 'OPTIONAL' } as const;
  const required = { repetition_type: 'REQUIRED' } as const;
  const columns: SchemaElement[] = [
    {
      name: time,
      type: 'INT64',
      converted_type: 'TIMESTAMP_MICROS',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MICROS' },
      ...required,
    },
    { name: run, type: 'INT64', ...required },
    { name: index, type: 'INT64', ...optional },
    ...channels.map((name): SchemaElement => ({ name, type: 'FLOAT', ...optional })),
    { name: valid, type: 'BOOLEAN', ...optional },
    { name: event, type: 'BYTE_ARRAY', converted_type: 'UTF8', ...optional },
    { name: duration, type: 'DOUBLE', ...optional },
  ];
  return [{ name: 'root', num_children: columns.length }, ...columns];
}

/** A writer of Parquet that writes each row group to a file. */
function fileWriter(file: BinaryFile): Writer {
  class FileWriter extends ByteWriter {
    flush(): void {
      file.write(this.getBytes());
      this.index = 0;
    }

    override finish(): void {
      this.flush();
    }
  }
  return new FileWriter();
}
