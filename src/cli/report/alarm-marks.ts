import { alarmLink, mostCloseUps } from './alarm-link.ts';
import { percent } from './plot.ts';
import type { ReportContent } from './report-content.ts';

export const alarmMarksStyle = `
.marks { position: relative; height: 1.5rem; }
.marks a { position: absolute; bottom: 0; transform: translateX(-50%); color: var(--alarm); font-size: 11px; line-height: 1; text-align: center; text-decoration: none; }
.marks a::after { content: '▼'; content: '▼' / ''; display: block; font-size: 9px; }
@media (max-width: 44rem) { .marks a { font-size: 0; } }`;

/** The numbers of the alarms, in a line above plots of the whole recording. */
export function alarmMarks({ alarms, trace: { span } }: ReportContent): string {
  const marks = alarms
    .slice(0, mostCloseUps)
    .map(({ index }, i) => alarmLink(i, `left:${percent((index - span.from) / (span.to - span.from))}`));
  return `<div class="lane"><div class="marks">${marks.join('')}</div></div>`;
}
