import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aptInstall } from './apt.mjs';
import { ROOT, SetupError, run, say } from './say.mjs';

const OLDEST_PYTHON = '3.10';
const CANDIDATES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
/** The emulated AWS, and the tools beside it. */
const USUAL = { folder: '.venv', requirements: 'requirements.txt' };
/** It needs other versions of the same packages. */
export const CHECKOV = { folder: '.tools/checkov', requirements: 'requirements-checkov.txt' };
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

const stampOf = ({ folder }) => join(ROOT, folder, 'installed');
const pythonOf = ({ folder }) => join(ROOT, folder, 'bin/python');
const wantedBy = ({ requirements }) =>
  createHash('sha256')
    .update(readFileSync(join(ROOT, requirements)))
    .digest('hex');
const isUsable = (environment) => existsSync(stampOf(environment)) && existsSync(pythonOf(environment));

/** Whether a Python environment has its packages. */
export const pythonPackagesAreThere = (environment) =>
  isUsable(environment) && readFileSync(stampOf(environment), 'utf8') === wantedBy(environment);

/** Installs the packages of a Python environment, unless they are there. */
export function installPythonPackages(environment = USUAL) {
  if (pythonPackagesAreThere(environment)) return;
  const { folder, requirements } = environment;
  const python = isUsable(environment) ? undefined : findPython();
  say(`installing the Python packages of ${requirements} into ${folder} …`);
  if (python) {
    rmSync(join(ROOT, folder), { recursive: true, force: true });
    run(python, ['-m', 'venv', join(ROOT, folder)], 'the Python environment could not be made');
  }
  const args = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', join(ROOT, requirements)];
  run(pythonOf(environment), args, 'the Python packages could not be installed');
  writeFileSync(stampOf(environment), wantedBy(environment));
}
