import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { SetupError, run, say, which } from './say.mjs';

/** dpkg's maintainer scripts ask this program whether they may start a service. */
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Installs apt packages without starting the services in them.
 *
 * @param packages names of packages
 * @param tool name of the missing tool for people
 * @param elsewhere how to install it without apt
 */
export function aptInstall(packages, tool, elsewhere) {
  if (!which('apt-get')) throw new SetupError(`${tool} is missing: ${elsewhere}, and run this again`);
  const asRoot = process.getuid() === 0 ? [] : ['sudo'];
  if (asRoot.length > 0 && !maySudo()) {
    throw new SetupError(`${tool} is missing: run as root: apt-get install ${packages.join(' ')}`);
  }
  say(`installing ${packages.join(', ')} by apt-get; services stay stopped …`);
  const env = ['env', 'DEBIAN_FRONTEND=noninteractive'];
  const privileged = (...args) => {
    const [command, ...rest] = [...asRoot, ...args];
    run(command, rest, `${tool} could not be installed`);
  };
  withoutServices(privileged, () => {
    privileged(...env, 'apt-get', 'update', '-qq');
    privileged(...env, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...packages);
  });
}

/** In a terminal, sudo may ask for a password. */
function maySudo() {
  if (!which('sudo')) return false;
  const args = process.stdin.isTTY ? ['-v'] : ['-n', 'true'];
  return spawnSync('sudo', args, { stdio: 'inherit' }).status === 0;
}

function withoutServices(privileged, work) {
  if (existsSync(POLICY)) return work();
  // An interrupt ends apt-get only; this process stays to remove the policy.
  const stay = () => {};
  const signals = ['SIGINT', 'SIGTERM'];
  for (const signal of signals) process.on(signal, stay);
  try {
    privileged('sh', '-c', `printf '#!/bin/sh\\nexit 101\\n' > ${POLICY} && chmod 755 ${POLICY}`);
    work();
  } finally {
    privileged('rm', '-f', POLICY);
    for (const signal of signals) process.removeListener(signal, stay);
  }
}
