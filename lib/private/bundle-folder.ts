import { existsSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A folder of bundles: in the package `dist/<folder>` is beside `dist/lib`; from the sources it is below `dist`.
 *
 * @param folder for example `task` or `lambda/prune`
 * @param file a file in it, by which it is recognised
 */
export function bundleFolder(folder: string, file: string): string {
  const candidates = ['../../', '../../dist'].map((path) => join(__dirname, path, folder));
  return candidates.find((path) => existsSync(join(path, file))) ?? candidates[0]!;
}
