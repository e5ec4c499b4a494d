import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Why a request is refused, and what to do about it. */
export interface Rejection {
  /** At most 123 bytes wherever the option fits. */
  sentence: string;
}

/** Whose pages may connect, and under which names the server answers. */
export interface OriginOptions {
  host: string;
  /** Further origins, e.g. https://dashboard.example. */
  origins: readonly string[];
}

const loopback = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/**
 * Checks the Host and the Origin of a request. Allowed are loopback names, the address that the request reached the
 * server at, the server's own host, and what `origins` adds. No Origin: not a browser. A name that only resolves here
 * (DNS rebinding) is refused.
 */
export function originCheck({ host, origins }: OriginOptions): (request: IncomingMessage) => Rejection | undefined {
  const added = origins.map(originOf);
  const names = new Set(added.map((origin) => hostname(origin)));
  const isOwn = (name: string, request: IncomingMessage) =>
    loopback.test(name) ||
    name === host.toLowerCase() ||
    (isIP(bare(name)) > 0 && bare(name) === bare(localAddress(request)));

  return (request) => {
    const told = request.headers.host ?? '';
    const name = hostname(`http://${told}`);
    if (name === undefined || (!isOwn(name, request) && !names.has(name)))
      return { sentence: `Refused: start the server with --origin http://${show(told)} to be reached by this name.` };
    const { origin } = request.headers;
    if (origin === undefined || added.includes(origin)) return undefined;
    const from = hostname(origin);
    if (from !== undefined && isOwn(from, request)) return undefined;
    return { sentence: `Refused: start the server with --origin ${show(origin)} to let this page connect.` };
  };
}

/** The origin in a URL; throws a TypeError that names the option when there is none. */
function originOf(text: string): string {
  if (text === 'null') return text;
  try {
    return new URL(text).origin;
  } catch {
    throw new TypeError(`origin must be a URL like https://dashboard.example, got '${text}'`);
  }
}

function hostname(url: string): string | undefined {
  try {
    return new URL(url).hostname.toLowerCase();
  } catch {
    return undefined;
  }
}

function localAddress(request: IncomingMessage): string {
  return (request.socket.localAddress ?? '').replace(/^::ffff:/, '');
}

function bare(name: string): string {
  return name.replace(/^\[|\]$/g, '');
}

/** Text from outside, fit for a log line. */
function show(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '?').slice(0, 60);
}
