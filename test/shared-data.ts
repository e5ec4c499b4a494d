import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The path of a file under `../shared/data`, or undefined, with a line that says so, where it is absent. */
export function sharedData(path: string): string | undefined {
  const file = fileURLToPath(new URL(`../../shared/data/${path}`, import.meta.url));
  if (existsSync(file)) return file;
  console.info(`skipped: ../shared/data/${path} is absent`);
  return undefined;
}
