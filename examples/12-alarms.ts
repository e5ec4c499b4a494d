/**
 * Alarms on a headset: two minutes of simulated EEG that nobody has described, and then an electrode that comes loose. It
 * is told at once, with the channel and the frames; its end, when sample and running level have been calm for ten seconds.
 */
import { from } from 'rxjs';
import { alarms, type AlarmEvent } from 'tapline/operators';
import { EegSimulator } from 'tapline/sources';

const seconds = 150;
const loose = { channel: 'C3', from: 120.4, to: 121.2 };

const headset = new EegSimulator({ seed: 1 });
const { channels, rate } = headset;
const labels = channels.map(({ label }) => label);
const place = labels.indexOf(loose.channel);

/** A second of EEG; where the electrode is loose, it jumps about by some 2 mV. */
function next() {
  const block = headset.next(rate).eeg;
  for (let t = 0; t < rate; t++) {
    const at = (block.start + t) / rate;
    if (at >= loose.from && at < loose.to) block.data[t * labels.length + place] += 2000 * Math.sin(40 * at);
  }
  return block;
}

function tell({ step, time, alarm }: AlarmEvent): void {
  const [{ cause, channels, window, score, rate: counted }] = alarm.members;
  const who = channels.slice(0, 2).map(({ label, share }) => `${label} ${Math.round(100 * share)} %`);
  const rare = `once in ${(10 ** score / counted / 3600).toFixed(1)} h`;
  console.log(
    `${(time / 1000).toFixed(1)} s: ${step}, ${cause}, frames ${window.from} to ${window.to}, ${rare}: ${who.join(', ')}`,
  );
}

console.log(`the electrode ${loose.channel} is loose in frames ${loose.from * rate} to ${loose.to * rate}`);
from(Array.from({ length: seconds }, next))
  .pipe(alarms({ name: 'headset', labels, falseAlarms: '1/hour' }))
  .subscribe(tell);
