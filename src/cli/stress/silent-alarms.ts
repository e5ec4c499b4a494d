import type { AlarmRecord } from '../../core/alarms/alarm-lifecycle.ts';
import type { Stage } from './scenario.ts';

/** The alarms that report some of these streams as disconnected or stale. */
export async function silentAlarms(stage: Stage, streams: readonly string[]): Promise<AlarmRecord[]> {
  const { alarms } = await stage.get<{ alarms: AlarmRecord[] }>('/alarms');
  const isOf = ({ members }: AlarmRecord) => members.some(({ stream }) => streams.includes(stream));
  return alarms.filter((alarm) => alarm.kind === 'silent' && isOf(alarm));
}
