/** Creates docs/page.png, a screenshot of the dashboard after the demo has run for 30 s. Run `npm run build` first. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { launchBrowser } from '../test/browser.ts';
import { root, run } from '../test/run-process.ts';

const file = join(root, 'docs/page.png');
const maxBytes = 300_000;

async function takeScreenshot(address: string): Promise<void> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1180, height: 830 }, colorScheme: 'light' });
    await page.goto(address);
    await page.waitForTimeout(30_000);
    await page.screenshot({ path: file });
  } finally {
    await browser.close();
  }
}

const command = ['dist/src/cli/main.js', 'serve', '--demo', '--port', '0', '--no-state'];
await run(process.execPath, command, {
  until: /Tapline is running at (\S+)/,
  meanwhile: ([, address]) => takeScreenshot(address),
});
const { size } = await stat(file);
if (size > maxBytes) throw new RangeError(`docs/page.png must be at most ${maxBytes} bytes, got ${size}`);
console.log(`docs/page.png: ${size} bytes`);
