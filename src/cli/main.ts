#!/usr/bin/env node
import { program } from './program.ts';
import { reportFailure } from './failure.ts';
import { version } from './version.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program(version()).parseAsync();
} catch (error) {
  const { text, code } = reportFailure(error, process.env.TAPLINE_DEBUG === '1');
  process.stderr.write(text);
  process.exitCode = code;
}

// What is still open then (a socket whose other end does not answer) does not hold the process up.
setTimeout(() => process.exit(), 800).unref();
