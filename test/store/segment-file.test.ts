import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PagePool } from '../../src/store/page-pool.ts';
import { encodeFileHeader, fileHeaderBytes, padded, recordHeaderBytes } from '../../src/store/segment-format.ts';
import { type Damage, SegmentReader } from '../../src/store/segment-reader.ts';
import { SegmentWriter } from '../../src/store/segment-writer.ts';
import { inDirectory } from './temporary.ts';

interface Item {
  type: number;
  payload: Uint8Array;
}

const items = (maxLength = 60) =>
  fc.array(fc.record({ type: fc.integer({ min: 1, max: 31 }), payload: fc.uint8Array({ maxLength }) }), {
    maxLength: 12,
  });

function writer(path: string, size?: number, pool = new PagePool(1 << 24)): SegmentWriter {
  return new SegmentWriter({ path, kind: 'recording', created: 0, ...(size !== undefined && { size }) }, pool);
}

/** Appends records in batches, and returns the positions of their ends. */
async function write(path: string, records: readonly Item[], batch = 3, size?: number): Promise<number[]> {
  const file = writer(path, size);
  const ends: number[] = [];
  for (const [i, { type, payload }] of records.entries()) {
    expect(file.append(type, payload)).toBe(file.end - recordHeaderBytes - padded(payload.length));
    ends.push(file.end);
    if (i % batch === 0) await file.flush();
  }
  await file.flush();
  await file.close();
  return ends;
}

async function read(path: string, from?: number): Promise<{ records: Item[]; damage: Damage[]; intact: number }> {
  const reader = await SegmentReader.open(path, 'recording', from);
  const records: Item[] = [];
  for (;;) {
    const record = reader.next();
    if (record)
      records.push({
        type: record.type,
        payload: new Uint8Array(reader.memory.slice(record.at, record.at + record.length)),
      });
    else if (!(await reader.load())) break;
  }
  await reader.close();
  return { records, damage: reader.damage, intact: reader.intactBytes };
}

test('a file cut at any byte contains exactly its complete records, and appending continues there', () =>
  inDirectory(async (directory) => {
    let n = 0;
    await fc.assert(
      fc.asyncProperty(items(), items(), fc.nat(), async (before, after, at) => {
        const path = join(directory, String(n++));
        const ends = await write(path, before);
        const size = ends.at(-1) ?? fileHeaderBytes;
        const cut = at % (size + 1);
        await truncate(path, cut);
        const complete = before.slice(0, ends.filter((end) => end <= cut).length);
        const found = await read(path);
        expect(found.records).toEqual(complete);
        const intact = cut < fileHeaderBytes ? 0 : (ends[complete.length - 1] ?? fileHeaderBytes);
        expect(found.damage).toEqual(intact < cut ? [{ offset: intact, bytes: cut - intact, tail: true }] : []);
        expect(found.intact).toBe(intact);
        await write(path, after, 2, found.intact);
        const all = await read(path);
        expect(all.records).toEqual([...complete, ...after]);
        expect(all.damage).toEqual([]);
      }),
      { seed: 1, numRuns: 150 },
    );
  }));

test('every single flipped bit is detected, costs at most one record, and is reported where it is', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'whole');
    const records = [5, 0, 17, 8].map((length, i) => ({
      type: i + 1,
      payload: Uint8Array.from({ length }, (_, j) => 31 * i + j),
    }));
    const ends = await write(path, records);
    const starts = [fileHeaderBytes, ...ends.slice(0, -1)];
    const bytes = await readFile(path);
    const flipped = join(directory, 'flipped');
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const copy = Uint8Array.from(bytes);
      copy[bit >> 3] ^= 1 << (bit & 7);
      await writeFile(flipped, copy);
      const hit = ends.findIndex((end) => bit >> 3 < end);
      const inHeader = bit >> 3 < fileHeaderBytes;
      const found = await read(flipped);
      const last = hit === ends.length - 1;
      const where = inHeader
        ? { offset: 0, bytes: fileHeaderBytes, tail: false }
        : { offset: starts[hit], bytes: ends[hit] - starts[hit], tail: last };
      expect(found.damage, `bit ${bit}`).toEqual([where]);
      expect(found.records, `bit ${bit}`).toEqual(records.filter((_, i) => inHeader || i !== hit));
    }
  }));

test('any damaged bytes are skipped and reported, and the undamaged records are read', () =>
  inDirectory(async (directory) => {
    let n = 0;
    await fc.assert(
      fc.asyncProperty(
        items(200),
        fc.nat(),
        fc.uint8Array({ minLength: 1, maxLength: 100 }),
        async (records, at, noise) => {
          const path = join(directory, String(n++));
          const ends = await write(path, records);
          const bytes = await readFile(path);
          const from = fileHeaderBytes + (at % Math.max(1, bytes.length - fileHeaderBytes));
          const to = Math.min(bytes.length, from + noise.length);
          const damaged = Uint8Array.from(bytes);
          damaged.set(noise.subarray(0, to - from), from);
          await writeFile(path, damaged);
          const found = await read(path);
          const isHit = (i: number) => {
            const start = i === 0 ? fileHeaderBytes : ends[i - 1];
            return bytes.subarray(start, ends[i]).compare(damaged.subarray(start, ends[i])) !== 0;
          };
          expect(found.records).toEqual(records.filter((_, i) => !isHit(i)));
          const lost = records.reduce(
            (sum, { payload }, i) => sum + (isHit(i) ? recordHeaderBytes + padded(payload.length) : 0),
            0,
          );
          expect(found.damage.reduce((sum, part) => sum + part.bytes, 0)).toBe(lost);
        },
      ),
      { seed: 2, numRuns: 200 },
    );
  }));

test('records inside the payload of a damaged record are not mistaken for records of the file', () =>
  inDirectory(async (directory) => {
    const inner = join(directory, 'inner');
    await write(inner, [{ type: 1, payload: Uint8Array.of(1, 2, 3) }]);
    const path = join(directory, 'outer');
    await write(path, [
      { type: 2, payload: await readFile(inner) },
      { type: 3, payload: new Uint8Array(0) },
    ]);
    const bytes = await readFile(path);
    bytes[fileHeaderBytes] ^= 1;
    await writeFile(path, bytes);
    expect((await read(path)).records).toEqual([{ type: 3, payload: new Uint8Array(0) }]);
  }));

test('records larger than the memory of the reader are read, and a file is read from any record on', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'large');
    const records = [10, 700_000, 262_144, 3, 1_500_001].map((length, i) => ({
      type: i + 1,
      payload: Uint8Array.from({ length }, (_, j) => (i + j * 7) & 0xff),
    }));
    const ends = await write(path, records);
    for (const [i, from] of [fileHeaderBytes, ...ends].entries()) {
      const found = await read(path, from);
      expect(found.damage).toEqual([]);
      expect(found.records.map(({ payload }) => payload.length)).toEqual(
        records.slice(i).map(({ payload }) => payload.length),
      );
      expect(
        Buffer.compare(
          Buffer.concat(found.records.map(({ payload }) => payload)),
          Buffer.concat(records.slice(i).map(({ payload }) => payload)),
        ),
      ).toBe(0);
    }
  }));

test('zeros after the last record, as after a power loss, are a damaged end', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'zeros');
    const [end] = await write(path, [{ type: 1, payload: Uint8Array.of(1) }]);
    await truncate(path, end + 4096);
    expect(await read(path)).toMatchObject({ damage: [{ offset: end, bytes: 4096, tail: true }], intact: end });
  }));

test('a reader of a file that is being written gets the first records of it, and never a damaged one', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'live');
    const file = writer(path);
    await file.flush();
    const written: number[] = [];
    for (let turn = 0; turn < 60; turn++) {
      for (let n = 0; n < 40; n++) {
        const payload = new Uint8Array(1 + ((31 * written.length) % 3000)).fill(written.length);
        file.append(1, payload);
        written.push(payload.length);
      }
      const [, found] = await Promise.all([file.flush(), read(path)]);
      expect(found.records.map(({ payload }) => payload.length)).toEqual(written.slice(0, found.records.length));
      expect(found.records.every(({ payload }, i) => payload.every((byte) => byte === (i & 0xff)))).toBe(true);
      expect(found.damage.every(({ tail }) => tail)).toBe(true);
    }
    await file.close();
    expect((await read(path)).records).toHaveLength(written.length);
  }));

test('files of another kind or of a newer version are rejected', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'file');
    await writeFile(path, encodeFileHeader('tiers', 0));
    await expect(read(path)).rejects.toThrow("kind of file must be recording, got 'tiers'");
  }));

test('a writer without memory accepts nothing more, and continues after a flush', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'full');
    const file = writer(path, undefined, new PagePool(1 << 15));
    const payload = new Uint8Array(1000);
    let accepted = 0;
    while (file.append(1, payload) !== undefined) accepted++;
    expect(accepted).toBe(32);
    await file.flush();
    expect(file.written).toBe(file.end);
    expect(file.append(1, payload)).toBe(file.written);
    await file.flush();
    await file.close();
    expect((await read(path)).records).toHaveLength(33);
  }));
