/**
 * Monitors two minutes of simulated EEG, after which an electrode becomes loose. The alarm is raised immediately. It reports
 * the channel and the frames, and is cleared when the channel has been normal for ten seconds.
 */
import { from } from 'rxjs';
import { alarms, type AlarmEvent } from 'tapline/operators';
import { EegSimulator } from 'tapline/sources';

const duration = 150; // seconds
const loose = { channel: 'C3', from: 120.4, to: 121.2 };

const headset = new EegSimulator({ seed: 1 });
const { channels, rate } = headset;
const labels = channels.map(({ label }) => label);
const looseChannel = labels.indexOf(loose.channel);

/** One second of EEG. While the electrode is loose, its signal varies by about 2 mV. */
function next() {
  const block = headset.next(rate).eeg;
  for (let t = 0; t < rate; t++) {
    const seconds = (block.start + t) / rate;
    if (seconds >= loose.from && seconds < loose.to)
      block.data[t * labels.length + looseChannel] += 2000 * Math.sin(40 * seconds);
  }
  return block;
}

function print({ step, time, alarm }: AlarmEvent): void {
  const [{ cause, channels, window, score, rate: scoredRate }] = alarm.members;
  const affected = channels.slice(0, 2).map(({ label, share }) => `${label} ${Math.round(100 * share)} %`);
  const rarity = `once per ${(10 ** score / scoredRate / 3600).toFixed(1)} h`;
  console.log(
    `${(time / 1000).toFixed(1)} s: ${step}, ${cause}, frames ${window.from} to ${window.to}, ${rarity}: ${affected.join(', ')}`,
  );
}

console.log(`The electrode ${loose.channel} is loose in frames ${loose.from * rate} to ${loose.to * rate}`);
from(Array.from({ length: duration }, next))
  .pipe(alarms({ name: 'headset', labels, falseAlarms: '1/hour' }))
  .subscribe(print);
