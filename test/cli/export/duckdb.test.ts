import { join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { exportCommand } from '../../../src/cli/export/export.ts';
import { frameCount } from '../../../src/core/blocks/block.ts';
import { inDirectory } from '../../store/temporary.ts';
import { runCommand } from '../run-command.ts';
import { begin, bitsOf, eventsOfRun, recordInto } from './stored-events.ts';

/** DuckDB, which has no binary for some platforms. */
const duckdb = await import('@duckdb/node-api').catch(() => undefined);
if (!duckdb) console.info('skipped: no binary of @duckdb/node-api for this platform');

async function query(connection: DuckDBConnection, sql: string): Promise<unknown[][]> {
  return (await connection.runAndReadAll(sql)).getRows();
}

test.skipIf(!duckdb)('DuckDB reads an exported Parquet file: samples, times, gaps, events, labels, and units', () =>
  inDirectory(async (state) => {
    const marks = [{ at: 120, label: 'Augen zu, "µ"', frames: 50 }];
    const shape = { rate: 250, channels: 3, blocks: [200, 30_000, -37, 400, -5000, 9000], hasNaN: true, marks };
    const events = eventsOfRun(shape);
    await recordInto(state, 'x', events);
    const out = join(state, 'x.parquet');
    await runCommand(exportCommand(), ['x', '--state', state, '-o', out]);
    const instance = await duckdb!.DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      const columns = await query(connection, `SELECT column_name, column_type FROM (DESCRIBE FROM '${out}')`);
      expect(columns).toEqual([
        ['time', 'TIMESTAMP WITH TIME ZONE'],
        ['run', 'BIGINT'],
        ['index', 'BIGINT'],
        ...['ch1', 'ch2', 'ch3'].map((name) => [name, 'FLOAT']),
        ['valid', 'BOOLEAN'],
        ['event', 'VARCHAR'],
        ['duration', 'DOUBLE'],
      ]);
      const rows = await query(
        connection,
        `SELECT epoch_us(time), run, index, valid, ch1, ch2, ch3 FROM '${out}' WHERE event IS NULL ORDER BY run, index`,
      );
      const blocks = events.flatMap((event) => (event.type === 'block' ? [event.block] : []));
      const indexes = blocks.flatMap((block) => Array.from({ length: frameCount(block) }, (_, i) => block.start + i));
      const expected = indexes.map((index) => [BigInt(1000 * begin + 4000 * index), 700n, BigInt(index), true]);
      expect(rows.map((row) => row.slice(0, 4))).toEqual(expected);
      const samples = Float32Array.from(rows.flatMap((row) => row.slice(4) as number[]));
      expect([...new Uint32Array(samples.buffer)]).toEqual(bitsOf(events));
      const gaps = await query(
        connection,
        `SELECT next, index - next FROM (SELECT index, lag(index) OVER (ORDER BY index) + 1 AS next FROM '${out}'
         WHERE event IS NULL) WHERE index > next ORDER BY next`,
      );
      const recorded = events.flatMap((event) =>
        event.type === 'gap' ? [[BigInt(event.from), BigInt(event.count)]] : [],
      );
      expect(gaps).toEqual(recorded);
      expect(
        await query(
          connection,
          `SELECT epoch_us(time), run, index, ch1, valid, event, duration FROM '${out}' WHERE event IS NOT NULL`,
        ),
      ).toEqual([[BigInt(1000 * begin + 4000 * 120), 700n, null, null, null, 'Augen zu, "µ"', 0.2]]);
      const [[description]] = await query(
        connection,
        `SELECT decode(value) FROM parquet_kv_metadata('${out}') WHERE decode(key) = 'tapline'`,
      );
      expect(JSON.parse(description as string)).toEqual({
        rate: 250,
        kind: 'eeg',
        channels: ['ch1', 'ch2', 'ch3'].map((label) => ({ label, unit: 'µV' })),
      });
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }),
);
