import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Context, MiddlewareHandler } from 'hono';
import { getMimeType } from 'hono/utils/mime';

/** Content encodings in order of preference. */
const encodings = ['br', 'gzip'] as const;
type Encoding = (typeof encodings)[number] | 'identity';

/** Files below this size, in bytes, are sent uncompressed. */
const minCompressedSize = 1024;
/** Media types worth compressing. */
const compressible = /^(text\/|image\/svg|application\/(json|javascript|wasm|manifest\+json|xml))/;
/** Assets of the build, whose names end in a hash of their content: such a file never changes. */
const hashedName = /[\\/]assets[\\/][^\\/]+-(?=[a-z_-]*[A-Z0-9])[A-Za-z0-9_-]{8}\.\w+$/;

/** One file, as it is sent. The bodies are compressed once, when a client first accepts that encoding. */
interface PageFile {
  readonly size: number;
  readonly modified: number;
  readonly type: string;
  /** Hash of the content. */
  readonly hash: string;
  readonly bodies: Map<Encoding, Promise<Uint8Array<ArrayBuffer>>>;
}

/**
 * Serves the files of a directory from memory: compressed with Brotli or gzip as the client accepts, with a strong ETag
 * per encoding (304 on If-None-Match) and `Cache-Control`: assets with a content hash in their name are immutable, other
 * files are revalidated. `/` is `index.html`. A file that changed on disk is read again. Paths outside the directory and
 * unknown ones are passed on.
 */
export function pageFiles(directory: string): MiddlewareHandler {
  const root = resolve(directory);
  const files = new Map<string, PageFile>();

  const load = async (path: string): Promise<PageFile | undefined> => {
    const info = await stat(path).catch(() => undefined);
    if (!info?.isFile()) {
      files.delete(path);
      return undefined;
    }
    const known = files.get(path);
    if (known && known.size === info.size && known.modified === info.mtimeMs) return known;
    const body = Uint8Array.from(await readFile(path));
    const file: PageFile = {
      size: info.size,
      modified: info.mtimeMs,
      type: getMimeType(path) ?? 'application/octet-stream',
      hash: createHash('sha256').update(body).digest('base64url').slice(0, 22),
      bodies: new Map([['identity', Promise.resolve(body)]]),
    };
    files.set(path, file);
    return file;
  };

  return async (context, next) => {
    const path = pathIn(root, context.req.path);
    const file = path === undefined || !/^(GET|HEAD)$/.test(context.req.method) ? undefined : await load(path);
    if (!path || !file) {
      await next();
      return;
    }
    return respond(context, file, path);
  };
}

async function respond(context: Context, file: PageFile, path: string): Promise<Response> {
  const { type, hash, size } = file;
  const compress = compressible.test(type) && size >= minCompressedSize;
  const encoding = compress ? preferredEncoding(context.req.header('accept-encoding') ?? '') : 'identity';
  const etag = `"${encoding === 'identity' ? hash : `${hash}-${encoding}`}"`;
  context.header('ETag', etag);
  context.header('Cache-Control', hashedName.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (compress) context.header('Vary', 'Accept-Encoding');
  if (matches(context.req.header('if-none-match') ?? '', etag)) return context.body(null, 304);
  const body = await bodyOf(file, encoding);
  context.header('Content-Type', type);
  context.header('Content-Length', String(body.length));
  if (encoding !== 'identity') context.header('Content-Encoding', encoding);
  return context.body(body);
}

/** The absolute path of a file for the path of a URL; undefined outside `root`. */
function pathIn(root: string, urlPath: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return undefined;
  }
  if (/[\0\\]|\/\/|(^|\/)\.\.?(\/|$)/.test(decoded)) return undefined;
  const path = join(root, decoded.endsWith('/') ? `${decoded}index.html` : decoded);
  return path.startsWith(root + sep) ? path : undefined;
}

/** The best encoding that an Accept-Encoding header allows. */
function preferredEncoding(header: string): Encoding {
  const weights = new Map<string, number>();
  for (const item of header.split(',')) {
    const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    weights.set(name, weight === undefined ? 1 : Number(weight.slice(2)) || 0);
  }
  return encodings.find((name) => (weights.get(name) ?? weights.get('*') ?? 0) > 0) ?? 'identity';
}

/** Whether an If-None-Match header lists `etag`; weak comparison, as RFC 9110 requires. */
function matches(header: string, etag: string): boolean {
  return header.split(',').some((item) => ['*', etag].includes(item.trim().replace(/^W\//, '')));
}

function bodyOf(file: PageFile, encoding: Encoding): Promise<Uint8Array<ArrayBuffer>> {
  let body = file.bodies.get(encoding);
  if (!body) {
    const identity = file.bodies.get('identity') ?? Promise.resolve(new Uint8Array());
    body = identity.then(async (bytes) => Uint8Array.from(await compressors[encoding as 'br' | 'gzip'](bytes)));
    file.bodies.set(encoding, body);
  }
  return body;
}

const compressors = {
  br: (bytes: Uint8Array) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  gzip: (bytes: Uint8Array) => promisify(gzip)(bytes, { level: 9 }),
};
