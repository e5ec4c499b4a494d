import { basename, extname } from 'node:path';
import { UsageError } from './failure.ts';

/** The address of a server that was started without options. */
export const defaultServer = 'ws://127.0.0.1:8080';

/** The address of a server's `/ingest/<stream>`. A path in `server` is kept. `option` is named in the error. */
export function ingestAddress(server: string, stream: string, option = '--to'): string {
  const url = socketUrl(server, option);
  if (isBare(url)) url.pathname = `/ingest/${checkStreamName(stream)}`;
  return url.href;
}

/** The address of a server's `/watch`. A path in `server` is kept. `option` is named in the error. */
export function watchAddress(server: string, option = '--from'): string {
  const url = socketUrl(server, option);
  if (isBare(url)) url.pathname = '/watch';
  return url.href;
}

/** The HTTP address of a path of a server. `option` is named in the error. */
export function httpAddress(server: string, path: string, option: string): URL {
  const { href } = socketUrl(server, option);
  return new URL(path, href.replace(/^ws/, 'http'));
}

/** Whether an address of `--to` names a server only, so that the stream name can be chosen. */
export function namesServerOnly(server: string): boolean {
  return isBare(socketUrl(server, '--to'));
}

/** A stream name made from a file name; characters that are not allowed become hyphens. */
export function streamNameOf(file: string): string {
  const stem = basename(file, extname(file));
  return (
    stem
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[.-]+/, '')
      .slice(0, 64) || 'recording'
  );
}

/** Returns `name` if it is a valid stream name, else throws a UsageError. */
export function checkStreamName(name: string): string {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/.test(name))
    throw new UsageError(
      `stream name must be 1 to 64 characters of A-Z a-z 0-9 . _ -, not starting with a dot, got '${name}'`,
    );
  return name;
}

function socketUrl(text: string, option: string): URL {
  const full = /^\w+:\/\//.test(text) ? text.replace(/^http/, 'ws') : `ws://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (!url || !/^wss?:$/.test(url.protocol))
    throw new UsageError(`${option} must be a server address such as ${defaultServer}, got '${text}'`);
  return url;
}

function isBare({ pathname }: URL): boolean {
  return pathname === '/' || pathname === '';
}
