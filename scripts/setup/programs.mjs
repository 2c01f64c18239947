import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall } from './apt.mjs';
import { CHECKOV, installPythonPackages, pythonPackagesAreThere } from './python.mjs';
import { RESTIC } from './restic.mjs';
import { ROOT, SetupError, which } from './say.mjs';
import { downloadSchemas, schemasAreThere } from './schemas.mjs';

const SBIN = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec'];

/** Debian keeps PostgreSQL's programs, one folder a version, outside PATH. */
function postgresqlFolders() {
  const root = '/usr/lib/postgresql';
  return existsSync(root) ? readdirSync(root).map((version) => join(root, version, 'bin')) : [];
}

const TOOLS = {
  mariadb: {
    title: 'the MariaDB server (mariadbd) with its client programs',
    isThere: () => which('mariadbd', SBIN) && which('mariadb-dump') && which('mariadb'),
    packages: ['mariadb-server', 'mariadb-client'],
    elsewhere: 'install it from https://mariadb.org/download',
  },
  postgresql: {
    title: 'the PostgreSQL server (postgres) with its client programs and extensions',
    isThere: () => ['postgres', 'pg_dump', 'initdb'].every((program) => which(program, postgresqlFolders())),
    packages: ['postgresql', 'postgresql-contrib'],
    elsewhere: 'install it from https://www.postgresql.org/download',
  },
  openssl: {
    title: 'OpenSSL (openssl)',
    isThere: () => which('openssl'),
    packages: ['openssl'],
    elsewhere: 'install it from https://www.openssl.org',
  },
  shell: {
    title: 'what the documents’ commands use (jq, zstd, sqlite3, age, ssh-keygen)',
    isThere: () => ['jq', 'zstd', 'sqlite3', 'age', 'ssh-keygen'].every((program) => which(program)),
    packages: ['jq', 'zstd', 'sqlite3', 'age', 'openssh-client'],
    elsewhere: 'install them with the package manager of the system',
  },
  faketime: {
    title: 'libfaketime (faketime)',
    isThere: () => which('faketime'),
    packages: ['faketime'],
    elsewhere: 'install it from https://github.com/wolfcw/libfaketime',
  },
  docker: {
    title: 'the Docker engine (dockerd)',
    isThere: () => which('dockerd', SBIN) && which('docker') && which('iptables', SBIN),
    packages: ['docker.io', 'iptables'],
    elsewhere: 'install it from https://docs.docker.com/engine/install',
  },
  chromium: {
    title: 'Chromium (chromium)',
    isThere: () => which('chromium'),
    packages: ['chromium'],
    elsewhere: 'install it from https://www.chromium.org',
  },
  debootstrap: {
    title: 'debootstrap',
    isThere: () => which('debootstrap', SBIN) && existsSync('/usr/share/keyrings/debian-archive-keyring.gpg'),
    packages: ['debootstrap', 'debian-archive-keyring'],
    elsewhere: 'install it from https://wiki.debian.org/Debootstrap',
  },
  restic: { isThere: () => RESTIC.areBuilt, install: buildRestic },
  schemas: { isThere: schemasAreThere, install: downloadSchemas },
  checkov: { isThere: () => pythonPackagesAreThere(CHECKOV), install: () => installPythonPackages(CHECKOV) },
};

function buildRestic() {
  const built = spawnSync(process.execPath, [join(ROOT, 'scripts/setup/restic.mjs')], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (built.status !== 0) throw new SetupError(built.stdout?.trim() || `restic could not be built: ${built.error}`);
}

/** Groups of tools, by their name in `--with`. */
export const GROUPS = {
  mariadb: ['mariadb', 'openssl'],
  postgresql: ['postgresql', 'openssl'],
  databases: ['mariadb', 'postgresql', 'openssl', 'shell', 'faketime'],
  docker: ['docker', 'debootstrap'],
  browser: ['chromium'],
  schemas: ['schemas'],
  checkov: ['checkov'],
  mysql: ['openssl', 'debootstrap'],
  mongodb: ['openssl', 'debootstrap'],
  restic: ['restic'],
  servers: ['mariadb', 'postgresql', 'openssl', 'debootstrap'],
};

/** Installs the programs of a group that are absent. */
export function installPrograms(group) {
  for (const name of GROUPS[group]) {
    const tool = TOOLS[name];
    if (tool.isThere()) continue;
    if (tool.install) tool.install();
    else aptInstall(tool.packages, tool.title, tool.elsewhere);
  }
}
