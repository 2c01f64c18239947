import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, SetupError, run, say, which } from './say.mjs';

/** Debian packages with SQL schemas that nobody here wrote. They are downloaded, never installed: 17 MB. */
const PACKAGES = [
  ...['zabbix-server-mysql', 'zabbix-server-pgsql', 'zabbix-proxy-sqlite3', 'kea-admin'],
  ...['icinga2-ido-mysql', 'icinga2-ido-pgsql', 'roundcube-core'],
  ...['pdns-backend-mysql', 'pdns-backend-pgsql', 'pdns-backend-sqlite3'],
];
const FOLDER = join(ROOT, '.tools/schemas');
/** Holds the list of what lies there: another list is downloaded anew. */
const STAMP = join(FOLDER, 'packages');
const LIST = PACKAGES.join('\n');

/** Whether the schemas lie in `.tools/schemas`. */
export const schemasAreThere = () => existsSync(STAMP) && readFileSync(STAMP, 'utf8') === LIST;

/** Downloads the schemas into `.tools/schemas`, one tree as the packages would lay it into the root. */
export function downloadSchemas() {
  if (!which('apt-get') || !which('dpkg-deb')) {
    throw new SetupError('the schemas for round trips come from Debian packages: run this on Debian or Ubuntu');
  }
  say(`downloading schemas of ${PACKAGES.length} Debian packages into .tools/schemas …`);
  rmSync(FOLDER, { recursive: true, force: true });
  const making = `${FOLDER}.making`;
  rmSync(making, { recursive: true, force: true });
  mkdirSync(making, { recursive: true });
  const download = () =>
    run('apt-get', ['download', '-qq', ...PACKAGES], 'the schemas could not be downloaded', { cwd: making });
  try {
    download();
  } catch {
    const asRoot = process.getuid() === 0 ? [] : ['sudo'];
    const [command, ...args] = [...asRoot, 'apt-get', 'update', '-qq'];
    run(command, args, 'the lists of packages could not be updated');
    download();
  }
  for (const file of readdirSync(making)) {
    run('dpkg-deb', ['-x', file, making], `${file} could not be unpacked`, { cwd: making });
    rmSync(join(making, file));
  }
  renameSync(making, FOLDER);
  writeFileSync(STAMP, LIST);
}
