import { describe, expect, test } from 'vitest';
import type { Alarm } from '../../src/core/detector/detector.ts';
import { detectReport } from '../../src/cli/report/detect-report.ts';
import { ReportTrace } from '../../src/cli/report/report-content.ts';

function page({ channels = 2, time = 0, label = 's', alarms = [] as Alarm[] } = {}): string {
  const frames = 1000;
  const trace = new ReportTrace(10_000);
  const data = Float32Array.from({ length: frames * channels }, (_, i) => Math.sin(i));
  const block = { data, channels, start: 0, rate: 10, time };
  trace.push(block, { ...block, data: new Float32Array(frames).fill(3), channels: 1 });
  const labels = Array.from({ length: channels }, (_, c) => `${label}${c}`);
  return detectReport({ input: `a/${label}.csv`, labels, rate: 10, falseAlarms: '1/month', alarms, trace });
}
const alarm = (index: number, channel: number): Alarm => ({
  index,
  time: index * 100,
  score: 5,
  cause: 'range',
  since: index,
  channels: [{ channel, share: 1 }],
});

describe('the report of a detector', () => {
  test('reports that there are no anomalies', () => {
    expect(page()).toContain('<p class="lead">No anomalies in 1.7 minutes</p>');
    expect(page()).not.toContain('<table');
  });

  test('shows the affected ones of many channels first and folds the others', () => {
    const [open, folded] = page({ channels: 64, alarms: [alarm(500, 40)] }).split('<details>');
    expect(open.indexOf('>s40 <')).toBeLessThan(open.indexOf('>s0 <'));
    expect(open.match(/class="signal"/g)).toHaveLength(6);
    expect(folded).toContain('<summary>58 more channels</summary>');
  });

  test('shows times since the start if the recording has no date', () => {
    expect(page({ alarms: [alarm(500, 0)] })).toContain('1. 00:00:50.000: out of range');
    expect(page({ time: Date.UTC(2026, 0, 1) })).toContain('2026-01-01 00:00:00.000 to 2026-01-01 00:01:39.900 (UTC)');
  });

  test('escapes names', () => {
    const html = page({ label: `<b title='"&`, alarms: [alarm(500, 0)] });
    expect(html).not.toContain('<b ');
    expect(html).toContain('&#60;b title=&#39;&#34;&#38;0');
  });

  test('stays small with many alarms', () => {
    const alarms = Array.from({ length: 400 }, (_, i) => alarm(2 * i, 0));
    expect(page({ alarms }).length).toBeLessThan(1_000_000);
  });
});
