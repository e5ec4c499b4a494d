import { readFile } from 'node:fs/promises';
import * as v from 'valibot';
import writeFileAtomic from 'write-file-atomic';
import type { SavedBook } from '../core/alarms/alarm-book.ts';
import type { Liveness } from '../core/alarms/dead-man.ts';
import { alarmRecord, maintenance } from '../protocol/alarm.ts';

/** What of alarms is kept from one start of the server to the next. */
export interface SavedAlarms {
  version: 1;
  book: SavedBook;
  streams: Liveness[];
}

/** Ids that may be given before the alarms are written again; a server that was killed leaves them out. */
export const reservedIds = 1000;

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
 * Reads saved alarms, record by record; undefined: there are none. What cannot be read is left out and told, and the file
 * kept beside as `<file>.broken`. Where not even the next id can be read, it is made of the clock, `now`, so that none
 * comes twice.
 */
export async function readAlarms(
  path: string,
  now: number,
  tell: (line: string) => void,
): Promise<SavedAlarms | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new Error(`${path} must be a file that can be read: ${sentenceOf(error)}`, { cause: error });
  });
  if (text === undefined) return undefined;
  const trouble: string[] = [];
  const saved = parse(text, trouble) ?? nothing(Math.floor(now / 1000));
  if (trouble.length > 0) {
    await writeFileAtomic(`${path}.broken`, text);
    tell(`left out what cannot be read of ${path}, which is kept as ${path}.broken: ${trouble[0]}`);
  }
  return saved;
}

/** What can be read; why not more goes into `trouble`. */
function parse(text: string, trouble: string[]): SavedAlarms | undefined {
  try {
    const { book, streams } = v.parse(frame, JSON.parse(text));
    const each = <T>(schema: v.GenericSchema<unknown, T>, records: readonly unknown[]): T[] =>
      records.flatMap((record) => {
        const { success, output, issues } = v.safeParse(schema, record);
        if (success) return [output];
        trouble.push(`${v.getDotPath(issues[0]) ?? 'a record'} must be ${issues[0].message}`);
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
    trouble.push(sentenceOf(error));
    return undefined;
  }
}

function nothing(next: number): SavedAlarms {
  return { version: 1, book: { next, alarms: [], maintenance: [], counts: [], dismissed: [] }, streams: [] };
}

/** Writes them whole or not at all. */
export async function writeAlarms(path: string, alarms: SavedAlarms): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(alarms));
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
