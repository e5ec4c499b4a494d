import type { Alarm } from '../../core/detector/detector.ts';
import type { ReportTrace } from './report-trace.ts';

/** What the report of a detector tells of. */
export interface ReportContent {
  readonly input: string;
  readonly labels: readonly string[];
  /** Hz. */
  readonly rate: number;
  readonly falseAlarms: string;
  readonly alarms: readonly Alarm[];
  readonly trace: ReportTrace;
}
