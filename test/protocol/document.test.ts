import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  closeCodes,
  errorCodes,
  parseIngest,
  parseIngestReply,
  parseWatch,
  parseWatchRequest,
} from '../../src/protocol/index.ts';

const page = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');

/** The fenced code blocks with the info string `info`. */
function examples(info: string): string[] {
  return [...page.matchAll(/^```(.+)\n([^`]+)^```/gm)]
    .filter(([, found]) => found === info)
    .map(([, , text]) => text.trim());
}

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.split(/\s+/), (byte) => Number.parseInt(byte, 16));
}

/** The first cells of the table below a heading. */
function rows(heading: string): string[] {
  const part = page.split(`\n## ${heading}\n`)[1].split('\n## ')[0];
  return [...part.matchAll(/^\| `?([\w-]+)`? \|/gm)].map(([, cell]) => cell).slice(1);
}

describe('docs/protocol.md', () => {
  const parsers = {
    sensor: parseIngest,
    'to-sensor': parseIngestReply,
    viewer: parseWatchRequest,
    'to-viewer': parseWatch,
  };
  test.each(Object.entries(parsers))('shows %s messages that can be parsed without losing a field', (way, parse) => {
    const lines = examples(`json ${way}`).flatMap((text) => text.split('\n'));
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) {
      const message = parse(line);
      if (way !== 'sensor') expect(message).toEqual(JSON.parse(line));
    }
  });

  test('shows every type of message', () => {
    const shown = (way: string) =>
      new Set(
        examples(`json ${way}`).flatMap((text) =>
          text.split('\n').map((line) => parsers[way as keyof typeof parsers](line).type),
        ),
      );
    expect(shown('sensor')).toEqual(new Set(['hello', 'samples', 'gap', 'mark']));
    expect(shown('to-sensor')).toEqual(new Set(['welcome', 'ack', 'gap', 'warning', 'error']));
    expect(shown('viewer')).toEqual(
      new Set([
        'subscribe',
        'unsubscribe',
        'ack',
        'history',
        'learning',
        'learner',
        'remove',
        'alarms',
        'alarm',
        'maintenance',
      ]),
    );
    const ofSubscription = ['subscribed', 'gap', 'run', 'mark', 'dropped', 'kernels', 'loss'];
    expect(shown('to-viewer')).toEqual(
      new Set(['streams', 'health', 'history', ...ofSubscription, 'alarms', 'alarm', 'error']),
    );
  });

  test('shows binary blocks that decode to the described values', () => {
    expect(parseIngest(bytes(examples('hex sensor')[0]))).toEqual({
      type: 'samples',
      data: Float32Array.of(1, -1, 0.5, 2),
      channels: 2,
      start: 1000,
      rate: 250,
      time: 1700000000000,
    });
    expect(parseWatch(bytes(examples('hex to-viewer')[0]))).toEqual({
      type: 'block',
      kind: 'features',
      id: 7,
      run: 3,
      map: 0,
      block: {
        data: Float32Array.of(-12.5, 3),
        channels: 1,
        start: 25,
        rate: 10,
        time: 1700000000500,
        valid: Uint8Array.of(0, 1),
      },
    });
  });

  test('lists every error code and every close code', () => {
    expect(rows('Error codes')).toEqual(Object.keys(errorCodes));
    expect(rows('Close codes').map(Number)).toEqual(Object.values(closeCodes));
  });
});
