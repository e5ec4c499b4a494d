import { open, rename } from 'node:fs/promises';
import type { ActiveSegment } from './active-segment.ts';
import { type StoredBucket, tierOf, viewBucket } from './bucket-record.ts';
import { PagePool } from './page-pool.ts';
import { fileHeaderBytes, recordTypes } from './segment-format.ts';
import type { SegmentSummary } from './segment-index.ts';
import { SegmentReader } from './segment-reader.ts';
import { SegmentWriter } from './segment-writer.ts';

/** Bytes that are collected before each write. */
const writeBytes = 1 << 20;

/**
 * Writes the summary, the index, and the tiers of a segment whose records and tiers are written, the coarsest tier
 * first, so that an overview of a long time reads only the beginning of each file. The file is complete or absent.
 */
export async function writeTierFile(
  segment: ActiveSegment,
  recorded: number,
  isSynced: boolean,
): Promise<SegmentSummary> {
  const { files, index, writer, tiers, tierBytes } = segment;
  const summary: SegmentSummary = {
    segment: files.segment,
    bytes: writer.written,
    recorded,
    latest: index.latest > -Infinity ? index.latest : null,
    runs: index.runs,
    lost: index.lost,
    tierBytes,
  };
  const temporary = `${files.tiers}.tmp`;
  const out = new SegmentWriter({ path: temporary, kind: 'tiers', created: segment.created }, new PagePool(Infinity));
  try {
    out.append(recordTypes.summary, new TextEncoder().encode(JSON.stringify(summary)));
    out.append(recordTypes.entries, new Uint8Array(index.entries.buffer));
    for (let tier = tierBytes.length; tier >= 1; tier--) {
      if (tierBytes[tier - 1] === 0) continue;
      const reader = await SegmentReader.open(tiers.path, 'tiers', fileHeaderBytes, tiers.written);
      try {
        for (;;) {
          const record = reader.next();
          if (record) {
            if (tierOf(reader.memory, record) === tier)
              out.append(record.type, new Uint8Array(reader.memory, record.at, record.length));
          } else if (!(await reader.load())) break;
          else if (out.end - out.written >= writeBytes) await out.flush();
        }
        if (reader.damage.length > 0) throw new Error(`${tiers.path} must not change while it is used`);
      } finally {
        await reader.close();
      }
    }
    await out.flush();
    if (isSynced) await out.sync();
  } finally {
    await out.close();
  }
  await rename(temporary, files.tiers);
  return summary;
}

/** Reads the summary and the index entries of a segment. Returns undefined if the file is missing or damaged. */
export async function readTierFile(
  path: string,
): Promise<{ summary: SegmentSummary; entries: Float64Array; bytes: number; tiersAt: number } | undefined> {
  try {
    const { size } = await sizeOf(path);
    const reader = await SegmentReader.open(path, 'tiers');
    try {
      const read = async (type: number): Promise<ArrayBuffer | undefined> => {
        let record = reader.next();
        while (!record && (await reader.load())) record = reader.next();
        return record?.type === type ? reader.memory.slice(record.at, record.at + record.length) : undefined;
      };
      const text = await read(recordTypes.summary);
      const entries = await read(recordTypes.entries);
      if (!text || !entries || reader.damage.length > 0) return undefined;
      const summary = JSON.parse(new TextDecoder().decode(text), nanFromNull) as SegmentSummary;
      return { summary, entries: new Float64Array(entries), bytes: size, tiersAt: reader.position };
    } finally {
      await reader.close();
    }
  } catch {
    return undefined;
  }
}

/** Calls `use` with the buckets of a tier of a closed segment. Returns false if the file is damaged. */
export async function readTier(path: string, tier: number, use: (bucket: StoredBucket) => void): Promise<boolean> {
  const file = await readTierFile(path);
  if (!file) return false;
  const { tierBytes } = file.summary;
  const from = file.tiersAt + sum(tierBytes.slice(tier));
  return readBuckets(path, tier, from, from + tierBytes[tier - 1], use);
}

/** Calls `use` with the buckets of a tier from byte `from` to `to` of a file. Returns false if they are damaged. */
export async function readBuckets(
  path: string,
  tier: number,
  from: number,
  to: number,
  use: (bucket: StoredBucket) => void,
): Promise<boolean> {
  const reader = await SegmentReader.open(path, 'tiers', from, to);
  try {
    for (;;) {
      const record = reader.next();
      if (record) {
        if (tierOf(reader.memory, record) === tier) use(viewBucket(reader.memory, record));
      } else if (!(await reader.load())) break;
    }
    return reader.damage.length === 0 && reader.position === to;
  } finally {
    await reader.close();
  }
}

async function sizeOf(path: string): Promise<{ size: number }> {
  const file = await open(path, 'r');
  try {
    return await file.stat();
  } finally {
    await file.close();
  }
}

/** JSON has no NaN, the time of a run part without frames. */
function nanFromNull(key: string, value: unknown): unknown {
  return value === null && (key === 'first' || key === 'last') ? NaN : value;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, bytes) => total + bytes, 0);
}
