import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** The files of one segment. */
export interface SegmentFiles {
  readonly segment: number;
  /** Everything that was recorded. */
  readonly recording: string;
  /** Index and tiers of a closed segment. They are derived from the recording. */
  readonly tiers: string;
  /** Tiers of a segment that is not closed. */
  readonly part: string;
}

/** Returns the file names of a segment: `0000000001.rec` and so on. */
export function segmentFiles(directory: string, segment: number): SegmentFiles {
  const path = join(directory, String(segment).padStart(10, '0'));
  return { segment, recording: `${path}.rec`, tiers: `${path}.tiers`, part: `${path}.part` };
}

/** Segments in a directory, in order, and which of their files exist. */
export async function listSegments(directory: string): Promise<{ segment: number; raw: boolean; tiers: boolean }[]> {
  const found = new Map<number, { raw: boolean; tiers: boolean }>();
  for (const name of await readdir(directory)) {
    const match = /^(\d{10})\.(rec|tiers)$/.exec(name);
    if (!match) continue;
    const files = found.get(Number(match[1])) ?? { raw: false, tiers: false };
    if (match[2] === 'rec') files.raw = true;
    else files.tiers = true;
    found.set(Number(match[1]), files);
  }
  return [...found].map(([segment, files]) => ({ segment, ...files })).sort((a, b) => a.segment - b.segment);
}

/** Forces the names in a directory onto the disk, so that new files survive a power loss. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return; // directories cannot be opened there
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
