import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A page of the documentation of this version: `docs/alarms.md#undelivered`. */
export const docsLink = (page: string): string =>
  `https://github.com/cdk-proven-backups/cdk-proven-backups/blob/v${version()}/${page}`;

/** `package.json` is three folders above `dist/lib/private` in the package, and two above `lib/private` in the sources. */
function version(): string {
  const candidates = ['../../package.json', '../../../package.json'].map((path) => join(__dirname, path));
  const file = candidates.find((path) => existsSync(path))!;
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
