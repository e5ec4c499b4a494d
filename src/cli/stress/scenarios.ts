import { clockSteps } from './clock-steps.ts';
import { flood } from './flood.ts';
import { gatewayOutage } from './gateway-outage.ts';
import { halfOpen } from './half-open.ts';
import { hostile } from './hostile.ts';
import { kill } from './kill.ts';
import { reconnectStorm } from './reconnect-storm.ts';
import type { Scenario } from './scenario.ts';
import { sleep } from './sleep.ts';
import { slowViewers } from './slow-viewers.ts';
import { soak } from './soak.ts';

/** All scenarios, in the order in which they run. */
export const scenarios: readonly Scenario[] = [
  flood,
  slowViewers,
  reconnectStorm,
  hostile,
  halfOpen,
  clockSteps,
  sleep,
  gatewayOutage,
  kill,
  soak,
];
