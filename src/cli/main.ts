#!/usr/bin/env node
import { reportFailure } from './failure.ts';
import { program, version } from './program.ts';

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

// Do not wait for connections that are still open, such as a socket whose other end does not answer.
setTimeout(() => process.exit(), 800).unref();
