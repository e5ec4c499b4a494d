import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backtestCommand } from '../../../src/cli/backtest/backtest.ts';
import type { Backtest } from '../../../src/cli/backtest/backtest-result.ts';
import { is } from '../../server/peer.ts';
import { inDirectory } from '../../store/temporary.ts';
import { runCommand } from '../run-command.ts';
import { RecordedServer, type TestStream } from './recorded-server.ts';

const streams: TestStream[] = [
  { name: 'plant-mill', channels: 2, anomalies: [800, 1700, 2450], blocks: [10] },
  { name: 'plant-pump', channels: 1, anomalies: [900, 1702], blocks: [25] },
  { name: 'lab', channels: 1, anomalies: [1000], blocks: [50] },
];

const backtest = (state: string, ...args: string[]) => runCommand(backtestCommand(), ['--state', state, ...args]);

async function recorded(state: string): Promise<void> {
  const server = await RecordedServer.start(state, { alarms: { falseAlarms: 500 }, powerLine: 50 });
  try {
    await server.publish(streams, 1000);
    const sensor = await server.sensor(streams[0]);
    sensor.send({ type: 'mark', label: 'maintenance <1>' });
    await sensor.until(is('ack'));
    await server.publish(streams, 2700, { from: 1000 });
  } finally {
    await server.stop();
  }
  writeFileSync(join(state, 'old.json'), '{ "falseAlarms": 500, "powerLine": 50 }');
  writeFileSync(join(state, 'new.json'), '{ "falseAlarms": 100000, "powerLine": 50 }');
}

test('tapline backtest prints what changes, and the report contains every number of it', () =>
  inDirectory(async (state) => {
    await recorded(state);
    const report = join(state, 'report.html');
    const files = ['--config', join(state, 'new.json'), '--baseline', join(state, 'old.json')];
    const { stdout, stderr } = await backtest(state, ...files, '--report', report, '--stream', 'plant*');
    expect(stderr).toBe('');
    expect(stdout).toMatch(/^Backtest of 2 streams from 2026-03-01 12:00:00 to 2026-03-01 12:04:29 \(UTC\)\n/);
    expect(stdout).toContain('Before: replayed with old.json.\nAfter: replayed with new.json.\n');
    expect(stdout).toMatch(/\n0 alarms gained, [1-9]\d* lost, \d+ kept\n/);
    expect(stdout).toMatch(/\nplant-mill {2,}\S+ minutes {2,}none /);
    expect(stdout).toMatch(/\nplant-mill: 1 event; during an alarm: \d before, \d after\n/);
    expect(stdout).not.toContain('lab');
    const page = readFileSync(report, 'utf8');
    const shown = page.replace(/<style>.*?<\/style>/s, '').replace(/<[^>]*>/g, ' ');
    const numbers = [...stdout.matchAll(/\d[\d:.,-]*\d|\d/g)].map(([number]) => number);
    expect(numbers.length).toBeGreaterThan(60);
    for (const number of numbers) expect(shown).toContain(number);
    // self-contained, and its drawings are described
    expect(page).not.toMatch(/(src|href)="http/);
    const labels = [...page.matchAll(/role="img" aria-label="([^"]*)"/g)].map(([, label]) => label);
    expect(labels.filter((label) => label.startsWith('Lost, '))).toHaveLength(2);
    expect(page.match(/<svg/g)).toHaveLength(labels.length);
  }));

test('without --config, the recorded alarms are compared with a replay', () =>
  inDirectory(async (state) => {
    await recorded(state);
    const { stdout } = await backtest(state, '--baseline', join(state, 'old.json'), '--json');
    const result = JSON.parse(stdout) as Backtest;
    expect(result).toMatchObject({ before: 'as recorded by the server', isAgainstRecorded: true });
    expect(result.streams.map(({ stream }) => stream)).toEqual(['lab', 'plant-mill', 'plant-pump']);
    for (const { gained, lost, recorded: own, reproduced, isSameSettings } of result.streams) {
      expect([gained, lost, isSameSettings]).toEqual([[], [], true]);
      expect(reproduced).toBe(own.length);
    }
    const other = await backtest(state);
    expect(other.stdout).toContain('recorded with other settings than those that are replayed first');
  }));

test('invalid input is rejected by name', () =>
  inDirectory(async (state) => {
    await expect(backtest(state)).rejects.toThrow(/contains no recordings\. Set --state/);
    await recorded(state);
    await expect(backtest(state, '--stream', 'plant/*')).rejects.toThrow(
      "--stream must match a recorded stream, got 'plant/*'. Recorded streams: lab, plant-mill, plant-pump.",
    );
    await expect(backtest(state, '--since', '2026-03-02', '--until', '2026-03-01')).rejects.toThrow(/^--until must be/);
    await expect(backtest(state, '--since', '2026-03-02')).rejects.toThrow(/^no frames of lab, .* Choose an earlier/);
    await expect(backtest(state, '--warm-up', '2h')).rejects.toThrow(/^--warm-up has no effect without --since/);
    await expect(backtest(state, '--since', '1h', '--warm-up', 'long')).rejects.toThrow(/duration such as 90s/);
    await expect(backtest(state, '--config', join(state, 'none.json'))).rejects.toThrow(/none\.json: file not found/);
  }));
