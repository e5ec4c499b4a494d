import type { Page } from 'playwright-core';

/** Resolves after a page has drawn five frames. Each frame begins when the previous one is done. */
export function drawn(page: Page): Promise<void> {
  return page.evaluate(async () => {
    for (let frame = 0; frame < 5; frame++) await new Promise((done) => requestAnimationFrame(done));
  });
}
