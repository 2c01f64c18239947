import * as fs from 'node:fs';
import * as path from 'node:path';
import { inRoot, quoted } from '../support/in-root';
import type { Version } from './versions';
import { rootOf } from './versions';

/** Makes the clients of a version of MySQL, which live in its root, programs of a folder. */
export function mysqlClients(version: Version, folder: string): string {
  fs.mkdirSync(folder, { recursive: true });
  for (const name of ['mysql', 'mysqldump']) {
    const [command, args] = inRoot(rootOf(version), { uid: 0, gid: 0 }, [`/usr/bin/${name}`]);
    const script = `#!/bin/sh\nexec ${[command, ...args].map(quoted).join(' ')} "$@"\n`;
    fs.writeFileSync(path.join(folder, name), script, { mode: 0o755 });
  }
  return folder;
}
