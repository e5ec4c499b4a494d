import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createServer, type TaplineServer } from '../src/server/index.ts';
import { differences, type MessageCase } from './cases/message-case.ts';
import { playCase } from './cases/play-case.ts';

const file = fileURLToPath(new URL('../../shared/cases/messages.json', import.meta.url));
const present = existsSync(file);
const cases = present ? (JSON.parse(readFileSync(file, 'utf8')) as MessageCase[]) : [];
if (!present) console.info('skipped: ../shared/cases/messages.json is absent');

describe.skipIf(!present)('a message as people send it', () => {
  let server: TaplineServer;
  beforeAll(async () => {
    server = await createServer({ port: 0 });
  });
  afterAll(() => server.close());

  test('is sent in at least one case', () => {
    expect(cases.length).toBeGreaterThan(0);
  });

  test.concurrent.each(cases.map((each) => [each.name, each] as const))('%s', async (_, each) => {
    expect(differences(each.expect, await playCase(each, server.url))).toEqual([]);
  });
});
