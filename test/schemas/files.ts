import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';

/** Makes a directory with all that files can be: names of any bytes, links, holes, devices, attributes. */
export function makeFiles(directory: string): string {
  fs.mkdirSync(directory, { recursive: true });
  execFileSync('python3', [path.join(__dirname, 'files.py'), directory]);
  return directory;
}
