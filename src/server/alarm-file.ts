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

const saved: v.GenericSchema<unknown, SavedAlarms> = v.object({
  version: v.literal(1),
  book: v.object({
    next: v.pipe(v.number(), v.integer(), v.minValue(1)),
    alarms: v.array(alarmRecord),
    maintenance: v.array(maintenance),
    counts: v.array(v.object({ stream: v.string(), alarms: v.number(), falseAlarms: v.number() })),
    dismissed: v.array(v.string()),
  }),
  streams: v.array(v.object({ stream: v.string(), last: v.number(), interval: v.number(), blocks: v.number() })),
});

/** Reads saved alarms; undefined: there are none. Those that cannot be read are left out, and told. */
export async function readAlarms(path: string, tell: (line: string) => void): Promise<SavedAlarms | undefined> {
  try {
    return v.parse(saved, JSON.parse(await readFile(path, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      tell(`left out ${path}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

/** Writes them whole or not at all. */
export async function writeAlarms(path: string, alarms: SavedAlarms): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(alarms));
}
