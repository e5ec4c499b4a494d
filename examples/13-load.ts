/**
 * This computer as a sensor: twelve seconds of its processors and of this program's event loop are learned, then the
 * program loads them for four. The alarm comes while it does. What it says depends on what else runs on the computer.
 */
import { map, skip } from 'rxjs';
import type { Block } from 'tapline';
import { alarms } from 'tapline/operators';
import { hostSource } from 'tapline/sources/node';

/** In ms; the first two seconds, the program's own start, are left out. */
const quiet = 14_000;
const load = { for: 4000, held: 1500 };

const { channels, rate, blocks } = hostSource({ rate: 25 });
const places = channels.flatMap(({ label }, place) => (/^cpu|loop/.test(label) ? [place] : []));
const labels = places.map((place) => channels[place].label);
let newest = 0;
let loaded = Infinity;

function pick(block: Block): Block {
  newest = block.start;
  return { ...block, data: Float32Array.from(places, (place) => block.data[place]), channels: places.length };
}

const watching = blocks
  .pipe(map(pick), skip(2 * rate), alarms({ name: 'host', labels, falseAlarms: '6/hour', calm: 1000, cooldown: 0 }))
  .subscribe(({ step, alarm }) => {
    const [{ cause, channels: concerned, window }] = alarm.members;
    const late = window.to - loaded;
    const when = late < 0 ? 'before the load' : `${late} frames after the load began`;
    const who = concerned.map(({ label, share }) => `${label} ${Math.round(100 * share)} %`);
    console.log(`${step}, ${cause}, ${when}: ${who.join(', ')}`);
  });

function busy(until: number): void {
  const held = Date.now() + load.held;
  while (Date.now() < held);
  if (Date.now() < until) setTimeout(() => busy(until), 20);
  else setTimeout(() => watching.unsubscribe(), 1000);
}

console.log(`${labels.join(', ')}, at ${rate} Hz`);
setTimeout(() => {
  loaded = newest;
  busy(Date.now() + load.for);
}, quiet);
