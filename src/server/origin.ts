import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/** Why a request is rejected, and how to allow it. */
export interface Rejection {
  /** One sentence; at most 123 bytes unless the name is long. */
  sentence: string;
}

/** Allowed origins and host names. */
export interface OriginOptions {
  host: string;
  /** Further origins, such as https://dashboard.example. */
  origins: readonly string[];
}

const loopback = /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/**
 * Returns a check of the Host and Origin headers of requests. Loopback names, the address at which the request reached
 * the server, the server's own host, and `origins` are allowed. A request without Origin does not come from a browser. Any
 * other name that resolves to this computer (DNS rebinding) is rejected.
 */
export function originCheck({
  host: ownHost,
  origins,
}: OriginOptions): (request: IncomingMessage) => Rejection | undefined {
  const added = origins.map(originOf);
  const names = new Set(added.map((origin) => hostname(origin)));
  const isOwn = (name: string, request: IncomingMessage) =>
    loopback.test(name) ||
    name === ownHost.toLowerCase() ||
    (isIP(bare(name)) > 0 && bare(name) === bare(localAddress(request)));

  return (request) => {
    const host = request.headers.host ?? '';
    const name = hostname(`http://${host}`);
    if (name === undefined || (!isOwn(name, request) && !names.has(name)))
      return {
        sentence: `Host ${show(host)} is not allowed. Add http://${show(host)} to the server's allowed origins.`,
      };
    const { origin } = request.headers;
    if (origin === undefined) return checkSite(request);
    if (added.includes(origin)) return undefined;
    const from = hostname(origin);
    if (from !== undefined && isOwn(from, request)) return undefined;
    return { sentence: `Origin ${show(origin)} is not allowed. Add it to the server's allowed origins.` };
  };
}

/** Rejects a request without Origin that is not GET or HEAD, if its Sec-Fetch-Site header is that of another site. */
function checkSite({ method, headers }: IncomingMessage): Rejection | undefined {
  const site = headers['sec-fetch-site'];
  if (method === 'GET' || method === 'HEAD' || (site !== 'cross-site' && site !== 'same-site')) return undefined;
  return { sentence: `A page of another site (Sec-Fetch-Site: ${site}) must not send ${method} requests.` };
}

/** Returns the origin of a URL. Throws a TypeError if the text is not a URL. */
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

/** Makes untrusted text safe for a log line. */
function show(text: string): string {
  return text.replace(/[^\x21-\x7e]/g, '?').slice(0, 60);
}
