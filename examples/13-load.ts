/**
 * Monitors this computer. The program learns the normal CPU usage and event-loop delay for twelve seconds and then creates
 * load for four seconds, which raises an alarm. The output depends on which other programs are running.
 */
import { map, skip } from 'rxjs';
import type { Block } from 'tapline';
import { alarms } from 'tapline/operators';
import { hostSource } from 'tapline/sources/node';

/** Time before the load, in ms. The first two seconds, while the program starts, are skipped. */
const quiet = 14_000;
/** Duration of the load, and for how long it blocks the event loop at a time, in ms. */
const load = { duration: 4000, blocking: 1500 };

const { channels, rate, blocks } = hostSource({ rate: 25 });
const selected = channels.flatMap(({ label }, channel) => (/^cpu|loop/.test(label) ? [channel] : []));
const labels = selected.map((channel) => channels[channel].label);
let newest = 0;
let loadStart = Infinity;

function select(block: Block): Block {
  newest = block.start;
  return { ...block, data: Float32Array.from(selected, (channel) => block.data[channel]), channels: selected.length };
}

const monitoring = blocks
  .pipe(
    map(select),
    skip(2 * rate),
    alarms({ name: 'host', labels, falseAlarms: '6/hour', offDelay: 1000, cooldown: 0 }),
  )
  .subscribe(({ step, alarm }) => {
    const [{ cause, channels: affected, window }] = alarm.members;
    const delay = window.to - loadStart;
    const when = delay < 0 ? 'before the load' : `${delay} frames after the load started`;
    const shares = affected.map(({ label, share }) => `${label} ${Math.round(100 * share)} %`);
    console.log(`${step}, ${cause}, ${when}: ${shares.join(', ')}`);
  });

function busy(until: number): void {
  const end = Date.now() + load.blocking;
  while (Date.now() < end);
  if (Date.now() < until) setTimeout(() => busy(until), 20);
  else setTimeout(() => monitoring.unsubscribe(), 1000);
}

console.log(`Monitoring ${labels.join(', ')} at ${rate} Hz`);
setTimeout(() => {
  loadStart = newest;
  busy(Date.now() + load.duration);
}, quiet);
