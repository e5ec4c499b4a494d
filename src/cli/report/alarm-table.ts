import { causeLabels } from '../../core/alarms/finding.ts';
import { channelsText, duration, rarity } from '../alarm-text.ts';
import { alarmLink } from './alarm-link.ts';
import { momentOf } from './moment.ts';
import type { ReportContent } from './report-content.ts';
import { escaped } from './report-page.ts';

export const alarmTableStyle = `
.alarms { margin-top: 1rem; } table { border-collapse: collapse; width: 100%; } td, th { padding: .4rem 1.6rem .4rem 0; text-align: left; vertical-align: top; }
th { color: var(--muted); font-weight: normal; font-size: .85em; } tbody tr { border-top: 1px solid var(--edge); } td span { white-space: nowrap; } td small { display: block; } td:nth-child(3) small { overflow-wrap: anywhere; } tbody tr:last-child td { padding-bottom: 0; }
@media (max-width: 44rem) { td, th { padding-right: .7rem; } }`;

/** Every alarm in a line: when, what, how rare. */
export function alarmTable({ alarms, labels, rate, trace }: ReportContent): string {
  if (alarms.length === 0) return '';
  const rows = alarms.map((alarm, i) => {
    const cells = [
      alarmLink(i),
      momentOf(alarm.time, rate, trace.dated).replace(/\S+/g, '<span>$&</span>'),
      `<strong>${causeLabels[alarm.cause]}</strong><small>${escaped(channelsText(alarm, labels))}</small>`,
      `${rarity(alarm.score, rate)}<small>${buildUp(alarm, rate)}</small>`,
    ];
    return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  });
  const heads = ['', 'when', 'what', 'how rare'].map((head) => `<th scope="col">${head}</th>`).join('');
  return `<div class="card alarms"><table id="alarms"><thead><tr>${heads}</tr></thead><tbody>
${rows.join('\n')}
</tbody></table></div>`;
}

/** How long it took from the first sign to the alarm. */
export function buildUp({ index, since }: { index: number; since: number }, rate: number): string {
  return index === since ? '' : `built up over ${duration((index - since) / rate)}`;
}
