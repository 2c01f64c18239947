import { existsSync } from 'node:fs';
import * as path from 'node:path';

/** The program of this package that runs in the images: beside the bundle of this command, or where a build puts it. */
export function programFile(): string {
  const built = 'dist/task/main.js';
  for (let folder = __dirname; folder !== path.dirname(folder); folder = path.dirname(folder))
    if (existsSync(path.join(folder, built))) return path.join(folder, built);
  return path.join(__dirname, '../task/main.js');
}
