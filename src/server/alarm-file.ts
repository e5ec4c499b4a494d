import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import writeFileAtomic from 'write-file-atomic';
import type { AlarmManagerState } from '../core/alarms/alarm-manager.ts';
import type { StreamActivity } from '../core/alarms/no-samples-monitor.ts';
import { alarmRecord, maintenance } from '../protocol/alarm.ts';

/** Alarms as they are saved between two runs of the server; versions up to 0.1 saved them in a JSON file. */
export interface SavedAlarms {
  version: 1;
  book: AlarmManagerState;
  streams: StreamActivity[];
}

const frame = v.object({
  version: v.literal(1),
  book: v.object({
    next: v.pipe(v.number(), v.integer(), v.minValue(1)),
    alarms: v.array(v.unknown()),
    maintenance: v.array(v.unknown()),
    counts: v.array(v.unknown()),
    dismissed: v.array(v.unknown()),
  }),
  streams: v.array(v.unknown()),
});
const count = v.object({ stream: v.string(), alarms: v.number(), falseAlarms: v.number() });
const liveness = v.object({ stream: v.string(), last: v.number(), interval: v.number(), blocks: v.number() });

/**
 * Reads the alarms of an earlier version, record by record; undefined if there are none. Invalid records are skipped and logged, and the file
 * is kept as `<file>.broken`. If the next id cannot be read, it is derived from the clock, `now`, so that no id is used
 * twice.
 */
export async function readAlarms(
  path: string,
  now: number,
  log: (line: string) => void,
): Promise<SavedAlarms | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${path} must be a readable file: ${messageOf(error)}`, { cause: error });
  });
  if (text === undefined) return undefined;
  const problems: string[] = [];
  const saved = parse(text, problems) ?? noAlarms(Math.floor(now / 1000));
  if (problems.length > 0) {
    await writeFileAtomic(`${path}.broken`, text);
    log(`skipped invalid records of ${path}; the original is kept as ${path}.broken: ${problems[0]}`);
  }
  return saved;
}

/** Returns the valid records; adds the reasons for skipped ones to `problems`. */
function parse(text: string, problems: string[]): SavedAlarms | undefined {
  try {
    const { book, streams } = v.parse(frame, JSON.parse(text));
    const each = <T>(schema: v.GenericSchema<unknown, T>, records: readonly unknown[]): T[] =>
      records.flatMap((record) => {
        const { success, output, issues } = v.safeParse(schema, record);
        if (success) return [output];
        problems.push(`${v.getDotPath(issues[0]) ?? 'a record'} must be ${issues[0].message}`);
        return [];
      });
    const alarms = each(alarmRecord, book.alarms);
    return {
      version: 1,
      book: {
        next: alarms.reduce((next, { id }) => Math.max(next, id + 1), book.next),
        alarms,
        maintenance: each(maintenance, book.maintenance),
        counts: each(count, book.counts),
        dismissed: each(v.string(), book.dismissed),
      },
      streams: each(liveness, streams),
    };
  } catch (error) {
    problems.push(messageOf(error));
    return undefined;
  }
}

function noAlarms(next: number): SavedAlarms {
  return { version: 1, book: { next, alarms: [], maintenance: [], counts: [], dismissed: [] }, streams: [] };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
