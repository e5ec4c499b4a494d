import { concatMap, type Observable } from 'rxjs';
import { textCell } from '../formats/csv/csv-preamble.ts';
import { connect, type ConnectOptions, watchTimeout } from '../operators/connect.ts';
import { type AlarmMessage, parseWatch, type WatchMessage } from '../protocol/index.ts';

/** Which alarms to print, and how. */
export interface AlarmRowsOptions {
  /** Name of the stream; undefined = all streams. */
  readonly stream: string | undefined;
  readonly json: boolean;
  readonly down: ConnectOptions<WatchMessage>['down'];
  /** Called when the alarms of a connection begin. */
  readonly begun: () => void;
}

const header = 'time,alarm,step,state,kind,streams,channels\n';

/** The changes of the alarms of a server from now on, as lines of CSV or JSON; the first line of CSV names the columns. */
export function alarmRows(address: string, { stream, json, down, begun }: AlarmRowsOptions): Observable<string> {
  let first = true;
  return connect(address, {
    parse: parseWatch,
    opened: (link) => {
      link.send(JSON.stringify({ type: 'alarms', on: true }));
    },
    down,
    staleAfter: watchTimeout,
  }).pipe(
    concatMap((message): string[] => {
      if (message.type === 'alarms') begun();
      if (message.type !== 'alarm') return [];
      if (stream !== undefined && !message.alarm.members.some((member) => member.stream === stream)) return [];
      if (json) return [`${JSON.stringify(message)}\n`];
      const row = `${first ? header : ''}${rowOf(message)}`;
      first = false;
      return [row];
    }),
  );
}

function rowOf({ time, step, alarm }: AlarmMessage): string {
  const streams = alarm.members.map((member) => member.stream).join(' ');
  const channels = alarm.members.flatMap((member) => member.channels.map(({ label }) => `${member.stream}: ${label}`));
  const cells = [
    new Date(time).toISOString(),
    String(alarm.id),
    step,
    alarm.state,
    alarm.kind,
    streams,
    channels.join('; '),
  ];
  return `${cells.map(textCell).join(',')}\n`;
}
