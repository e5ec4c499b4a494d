import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';

/** The strictest content security policy: nothing inline, no eval, no other origins. */
const strictPolicy: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types lit-html',
].join('; ');

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** Serves `files` by path, and otherwise the files in `directory`, under the strict policy. */
export async function serveStatic(from: {
  files?: Record<string, string>;
  directory?: string;
  /** Further sources for `script-src`. */
  scripts?: string;
}): Promise<{ server: Server; url: string; close: () => Promise<void> }> {
  const read = async (path: string): Promise<string | Buffer> => {
    const file = from.files?.[path];
    if (file !== undefined) return file;
    return readFile(join(from.directory ?? '', normalize(path)));
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = pathname === '/' ? '/index.html' : pathname;
    read(path).then(
      (body) => {
        response.writeHead(200, {
          'content-type': types[extname(path)] ?? 'application/octet-stream',
          'content-security-policy': strictPolicy.replace(
            "script-src 'self'",
            `script-src 'self' ${from.scripts ?? ''}`,
          ),
        });
        response.end(body);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
