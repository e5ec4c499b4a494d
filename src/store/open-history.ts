import { join } from 'node:path';
import type { HistoryStore } from './history-table.ts';
import { MemoryStore } from './memory-store.ts';
import { type Connect, SqliteStore } from './sqlite-store.ts';

/** Name of the database file in the state directory. */
export const historyFile = 'history.db';

/**
 * Opens the history in a directory; without a directory, or if the package `libsql` has no binary for this platform, a
 * history in memory.
 *
 * @param log called with a line if the history is in memory, or was replaced
 * @param load loads the package `libsql`
 * @throws Error with the reason if the file cannot be used
 */
export async function openHistory(
  directory: string | undefined,
  log: (line: string) => void,
  load: () => Promise<Connect> = loadLibsql,
): Promise<HistoryStore> {
  if (directory === undefined) return new MemoryStore();
  const connect = await load().catch((error: unknown) => {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    log(`alarms and sessions are kept in memory only, because the package libsql cannot be loaded: ${reason}`);
    return undefined;
  });
  return connect ? new SqliteStore(join(directory, historyFile), connect, log) : new MemoryStore();
}

async function loadLibsql(): Promise<Connect> {
  const { default: Database } = await import('libsql');
  return (path) => new Database(path, { timeout: 0 });
}
