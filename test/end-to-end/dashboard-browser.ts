import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { launchBrowser } from '../browser.ts';
import { buildDashboard } from '../client/bundle.ts';

declare global {
  interface Window {
    /** Violated directives of the content security policy. */
    violations: string[];
    /** Returns the heatmap's pixels as a data URL. */
    picture: () => string;
    /** A stored result of `picture`. */
    remembered?: string;
  }
}

/** A browser that opens dashboards and collects their console errors. */
export interface DashboardBrowser {
  /** Directory of the built dashboard. */
  readonly directory: string;
  /** Opens a server's dashboard, and checks that it is served with a strict content security policy. */
  open(url: string): Promise<Page>;
  /** Whether the server is down on purpose, so that failed connections are not counted as errors. */
  serverDown: boolean;
  /** Expects no console errors, no warnings, and no violations of the content security policy. */
  expectNoErrors(page: Page): Promise<void>;
  close(): Promise<void>;
}

export async function openDashboardBrowser(): Promise<DashboardBrowser> {
  const directory = await mkdtemp(join(tmpdir(), 'tapline-end-to-end-'));
  await buildDashboard(directory);
  const browser = await launchBrowser();
  const context = await browser.newContext({ locale: 'en-US', viewport: { width: 1440, height: 900 } });
  await context.addInitScript(prepare);
  const errors: string[] = [];
  const dashboardBrowser: DashboardBrowser = {
    directory,
    serverDown: false,
    async open(url) {
      const page = await context.newPage();
      page.on('console', (message) => {
        const expected = dashboardBrowser.serverDown && /WebSocket connection to .* failed/.test(message.text());
        if (['error', 'warning'].includes(message.type()) && !expected) errors.push(message.text());
      });
      page.on('pageerror', (error) => errors.push(error.message));
      const response = await page.goto(url);
      const policy = response?.headers()['content-security-policy'];
      expect(policy).toMatch(/default-src 'none'.*script-src 'self'/);
      expect(policy).not.toMatch(/'unsafe-(inline|eval)'/);
      return page;
    },
    async expectNoErrors(page) {
      expect(errors.splice(0)).toEqual([]);
      expect(await page.evaluate(() => window.violations)).toEqual([]);
    },
    async close() {
      await browser.close();
      await rm(directory, { recursive: true });
    },
  };
  return dashboardBrowser;
}

/** Runs in a page before its scripts. */
function prepare(): void {
  window.violations = [];
  document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => {
    window.violations.push(violatedDirective);
  });
  window.picture = () => document.querySelector<HTMLCanvasElement>('[data-testid=heatmap]')?.toDataURL() ?? '';
}
