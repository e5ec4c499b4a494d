import { basename, extname } from 'node:path';
import { UsageError } from './failure.ts';

/** Where a server listens unless told otherwise. */
export const defaultServer = 'ws://127.0.0.1:8080';

/** The address of a server's `/ingest/<stream>`; a path that is given already stays. `option` is named in a refusal. */
export function ingestAddress(server: string, stream: string, option = '--to'): string {
  const url = socketUrl(server, option);
  if (url.pathname === '/' || url.pathname === '') url.pathname = `/ingest/${checkName(stream)}`;
  return url.href;
}

/** The address of a server's `/watch`. */
export function watchAddress(server: string, option = '--from'): string {
  const url = socketUrl(server, option);
  if (url.pathname === '/' || url.pathname === '') url.pathname = '/watch';
  return url.href;
}

/** A stream's name made of a file's: what a name may not hold becomes a hyphen. */
export function nameOf(file: string): string {
  const stem = basename(file, extname(file));
  return (
    stem
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 64) || 'recording'
  );
}

/** Returns `name`, or refuses what no stream can be called. */
export function checkName(name: string): string {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(name))
    throw new UsageError(`a stream's name must be 1-64 of A-Z a-z 0-9 . _ - and not begin with '.', got '${name}'`);
  return name;
}

function socketUrl(text: string, option: string): URL {
  const spelled = /^\w+:\/\//.test(text) ? text.replace(/^http/, 'ws') : `ws://${text}`;
  const url = URL.canParse(spelled) ? new URL(spelled) : undefined;
  if (!url || !/^wss?:$/.test(url.protocol))
    throw new UsageError(`${option} must be the address of a server such as ${defaultServer}, got '${text}'`);
  return url;
}
