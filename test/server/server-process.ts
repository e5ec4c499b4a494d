import { createServer } from '../../src/server/index.ts';

/** Runs a server until it is killed: `node --import tsx server-process.ts <statePath>`. Prints its port. */
const server = await createServer({
  port: 0,
  statePath: process.argv[2],
  alarms: { falseAlarms: 1e5, groupWithin: 0 },
});
process.stdout.write(`${server.port}\n`);
