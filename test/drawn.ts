import type { Page } from 'playwright-core';

/** Resolves when a page has drawn what it was told: each frame begins when the one before it is done. */
export function drawn(page: Page): Promise<void> {
  return page.evaluate(async () => {
    for (let frame = 0; frame < 5; frame++) await new Promise((done) => requestAnimationFrame(done));
  });
}
