import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall } from './apt.mjs';
import { ROOT, SetupError, run, say } from './say.mjs';

const OLDEST_PYTHON = '3.10';
const CANDIDATES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
const VENV = join(ROOT, '.venv');
const REQUIREMENTS = join(ROOT, 'requirements.txt');
const ELSEWHERE = 'install it from https://www.python.org/downloads';

const succeeds = (python, code) => spawnSync(python, ['-c', code], { stdio: 'ignore' }).status === 0;
const isNewEnough = (python) =>
  succeeds(python, `import sys; sys.exit(sys.version_info < (${OLDEST_PYTHON.replace('.', ', ')}))`);
const hasVenv = (python) => succeeds(python, 'import venv, ensurepip');

function findPython() {
  let python = CANDIDATES.find((name) => isNewEnough(name) && hasVenv(name));
  if (python) return python;
  python = CANDIDATES.find(isNewEnough);
  aptInstall(
    ['python3', 'python3-venv'],
    python ? 'Python’s venv module' : `Python ${OLDEST_PYTHON} or newer`,
    ELSEWHERE,
  );
  python = CANDIDATES.find((name) => isNewEnough(name) && hasVenv(name));
  if (python) return python;
  throw new SetupError(
    `Python ${OLDEST_PYTHON} or newer with its venv module is missing, and apt-get does not have it: ${ELSEWHERE}`,
  );
}

/** Installs the packages of `requirements.txt` into the Python environment `.venv`, unless they are there. */
export function installPythonPackages() {
  const stampFile = join(VENV, 'installed');
  const wanted = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex');
  const usable = existsSync(stampFile) && existsSync(join(VENV, 'bin/python'));
  if (usable && readFileSync(stampFile, 'utf8') === wanted) return;
  const python = usable ? undefined : findPython();
  say('installing the Python packages of requirements.txt into .venv …');
  if (python) {
    rmSync(VENV, { recursive: true, force: true });
    run(python, ['-m', 'venv', VENV], 'the Python environment could not be made');
  }
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
  run(join(VENV, 'bin/python'), args, 'the Python packages could not be installed');
  writeFileSync(stampFile, wanted);
}
