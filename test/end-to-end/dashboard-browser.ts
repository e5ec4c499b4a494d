import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { buildPage } from '../client/bundle.ts';

declare global {
  interface Window {
    /** Directives of the content security policy that something broke. */
    violations: string[];
    /** The heatmap's pixels, and those that were to be remembered. */
    picture: () => string;
    remembered?: string;
  }
}

/** A browser that visits pages of servers, and hears what they complain of. */
export interface Visitor {
  /** Where the page lies, as it is served. */
  readonly directory: string;
  /** Opens a server's page, which must come under its strict policy. */
  open(url: string): Promise<Page>;
  /** Whether the server is away on purpose, so that connections to it fail. */
  away: boolean;
  /** Expects that no console error or warning came, and that the policy held. */
  content(page: Page): Promise<void>;
  close(): Promise<void>;
}

export async function startVisitor(): Promise<Visitor> {
  const directory = await mkdtemp(join(tmpdir(), 'tapline-end-to-end-'));
  await buildPage(directory);
  const browser = await launchBrowser();
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1440, height: 900 } });
  await context.addInitScript(prepare);
  const complaints: string[] = [];
  const visitor: Visitor = {
    directory,
    away: false,
    async open(url) {
      const page = await context.newPage();
      page.on('console', (message) => {
        const refused = visitor.away && /WebSocket connection to .* failed/.test(message.text());
        if (['error', 'warning'].includes(message.type()) && !refused) complaints.push(message.text());
      });
      page.on('pageerror', (error) => complaints.push(error.message));
      const response = await page.goto(url);
      const policy = response?.headers()['content-security-policy'];
      expect(policy).toMatch(/default-src 'none'.*script-src 'self'/);
      expect(policy).not.toMatch(/'unsafe-(inline|eval)'/);
      return page;
    },
    async content(page) {
      expect(complaints.splice(0)).toEqual([]);
      expect(await page.evaluate(() => window.violations)).toEqual([]);
    },
    async close() {
      await browser.close();
      await rm(directory, { recursive: true });
    },
  };
  return visitor;
}

/** Runs in a page before its own scripts. */
function prepare(): void {
  window.violations = [];
  document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => {
    window.violations.push(violatedDirective);
  });
  window.picture = () => document.querySelector<HTMLCanvasElement>('[data-testid=heatmap]')?.toDataURL() ?? '';
}
