import { existsSync } from 'node:fs';
import * as path from 'node:path';

/** Folder of this package: the bundle lies in another depth of it than the sources. */
function packageFolder(): string {
  let folder = __dirname;
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
}

/** The program of this package that runs in the images. */
export const PROGRAM_FILE = path.join(packageFolder(), 'dist/task/main.js');
