import { auditTime, type Subscription } from 'rxjs';
import type { AlarmsMessage } from '../protocol/alarm.ts';
import type { AlarmDesk } from './alarm-desk.ts';
import type { Viewer } from './viewer.ts';

/** Alarms that are over and are told a viewer that comes. */
const mostCleared = 50;

/** Tells a viewer all alarms, and from then on what happens to them; of one alarm only the newest waits. */
export function forwardAlarms(desk: AlarmDesk, viewer: Viewer): Subscription {
  const list = () => {
    viewer.replace(allAlarms(desk));
  };
  list();
  const subscription = desk.events.subscribe(({ step, time, alarm }) => {
    viewer.replace({ type: 'alarm', step, time, alarm }, `alarm ${alarm.id}`);
  });
  subscription.add(desk.maintained.pipe(auditTime(20)).subscribe(list));
  return subscription;
}

function allAlarms({ alarms, maintenance }: AlarmDesk): AlarmsMessage {
  const over = alarms.filter(({ state }) => state === 'cleared').slice(mostCleared);
  return { type: 'alarms', alarms: alarms.filter((alarm) => !over.includes(alarm)), maintenance: [...maintenance] };
}
