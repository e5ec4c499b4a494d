import { concatMap, map, merge, share, type Observable } from 'rxjs';
import {
  eegChannels,
  publish,
  simulateEeg,
  type EegOptions,
  type PublishEvent,
  type PublishOptions,
} from '../sources/index.ts';

/**
 * Publishes the simulated headset as `<name>` with what its wearer does as marks, and its true alpha as `<name>.alpha`:
 * two sensors that show the same run of the same simulator. `address` makes a stream's address.
 */
export function publishHeadset(
  address: (stream: string) => string,
  name: string,
  simulator: EegOptions = {},
  options: PublishOptions = {},
): Observable<PublishEvent> {
  const { rate = 250 } = simulator;
  const parts = simulateEeg(simulator).pipe(share());
  const headset = publish(
    address(name),
    { channels: eegChannels, rate, kind: 'simulated eeg' },
    parts.pipe(map(({ eeg }) => eeg)),
    { ...options, marks$: parts.pipe(concatMap(({ events }) => events)) },
  );
  const truth = publish(
    address(`${name}.alpha`),
    { channels: [{ label: 'alpha', unit: 'uV' }], rate, kind: 'truth', for: name },
    parts.pipe(map(({ alpha }) => alpha)),
    options,
  );
  return merge(headset, truth);
}
