import {
  concatMap,
  distinctUntilChanged,
  EMPTY,
  map,
  merge,
  type Observable,
  share,
  BehaviorSubject,
  switchMap,
  tap,
} from 'rxjs';
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
 * two sensors that show the same run of the same simulator. `address` makes a stream's address. While `<name>` waits for
 * its name (`onReplaced: 'wait'`), `<name>.alpha` is not published: it is no target for another headset.
 */
export function publishHeadset(
  address: (stream: string) => string,
  name: string,
  simulator: EegOptions = {},
  options: PublishOptions = {},
): Observable<PublishEvent> {
  const { rate = 250 } = simulator;
  const parts = simulateEeg(simulator).pipe(share());
  const active$ = new BehaviorSubject(options.onReplaced !== 'wait');
  const headset = publish(
    address(name),
    { channels: eegChannels, rate, kind: 'simulated eeg' },
    parts.pipe(map(({ eeg }) => eeg)),
    {
      ...options,
      marks$: parts.pipe(concatMap(({ events }) => events)),
      waiting: (sentence) => {
        active$.next(false);
        options.waiting?.(sentence);
      },
    },
  ).pipe(
    tap((event) => {
      if (event.type === 'welcome') active$.next(true);
    }),
  );
  const truth = publish(
    address(`${name}.alpha`),
    { channels: [{ label: 'alpha', unit: 'uV' }], rate, kind: 'truth', for: name },
    parts.pipe(map(({ alpha }) => alpha)),
    options,
  );
  return merge(
    active$.pipe(
      distinctUntilChanged(),
      switchMap((active) => (active ? truth : EMPTY)),
    ),
    headset,
  );
}
