import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Probe } from './probe.ts';

const resolution = 10;

/** How late this program's event loop was at worst since the last reading, in ms. */
export function loopDelayProbe(): Probe {
  const histogram = monitorEventLoopDelay({ resolution });
  histogram.enable();
  let delay = 0;
  return {
    channels: [{ label: 'event loop delay', unit: 'ms' }],
    read() {
      // The histogram holds the whole time between its timers. Where none came yet, the last delay stands.
      if (histogram.count > 0) delay = Math.max(0, histogram.max / 1e6 - resolution);
      histogram.reset();
      return [delay];
    },
    close: () => {
      histogram.disable();
    },
  };
}
