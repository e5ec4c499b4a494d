import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { queryAlarms } from './alarm-query.ts';
import type { StreamRegistry } from './stream-registry.ts';
import type { originCheck } from './origin.ts';
import { pageFiles } from './page-files.ts';

/** What the HTTP side is given. */
export interface HttpOptions {
  hub: StreamRegistry;
  check: ReturnType<typeof originCheck>;
  pageDirectory: string;
  viewers: () => number;
  log: (line: string) => void;
}

const nothingBuilt = 'The page is not built. In a clone: npm run build. The wire is there: /ingest/<stream>, /watch.\n';

/** The page under a strict content security policy, /healthz and /alarms. A foreign Host is answered 403 with the sentence. */
export function httpApp({ hub, check, pageDirectory, viewers, log }: HttpOptions): Hono<{ Bindings: HttpBindings }> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'", "'wasm-unsafe-eval'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        fontSrc: ["'self'"],
        connectSrc: ["'self'"],
        workerSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'self'"],
      },
      strictTransportSecurity: false,
    }),
  );
  app.use(async (context, next) => {
    const refused = check(context.env.incoming);
    if (!refused) {
      await next();
      return;
    }
    log(refused.sentence);
    return context.text(`${refused.sentence}\n`, 403);
  });
  app.get('/healthz', (context) => {
    const streams = hub.streams.map(({ name, rate, run, next, live }) => ({ name, rate, run, next, live }));
    return context.json({ ok: true, uptime: process.uptime(), viewers: viewers(), streams });
  });
  app.get('/alarms', (context) => {
    const answer = queryAlarms(hub.alarmService, context.req.query(), Date.now());
    return typeof answer === 'string' ? context.json({ error: answer }, 400) : context.json(answer);
  });
  if (existsSync(pageDirectory)) app.use(pageFiles(pageDirectory));
  app.get('/', (context) => context.text(nothingBuilt, 404));
  app.notFound((context) => context.text('There is nothing here. The page is at /.\n', 404));
  app.onError((error, context) => {
    log(`http: ${error.message}`);
    return context.text('The server failed to answer this.\n', 500);
  });
  return app;
}

/** Where the built page lies beside this file, in the package and in a clone. */
export function builtPage(): string {
  const places = ['../../page/', '../../dist/page/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  return places.find((path) => existsSync(path)) ?? places[0];
}
