import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export const PROJECT_ROOT = path.resolve(__dirname, '../..');

/** Images and layers live here from run to run: what makes the second run fast. */
const CACHE = path.join(realPathOf('.tools'), 'image-test');
const PID_FILE = path.join(CACHE, 'dockerd.pid');

/** Path of a folder of the project without symbolic links, of which Docker takes none; it need not exist. */
function realPathOf(folder: string): string {
  const file = path.join(PROJECT_ROOT, folder);
  return existsSync(file) ? realpathSync(file) : file;
}

/** Prefix of what must run as root; empty if we are root. */
export const AS_ROOT = process.getuid?.() === 0 ? [] : ['sudo', '-n'];

/** Output of a finished command. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, whatever its exit code. */
export function run(command: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const [file = '', ...args] = command;
    execFile(file, args, { env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      const code = error ? error.code : 0;
      if (code === 'ENOENT') {
        const packages = 'docker.io, debootstrap and debian-archive-keyring';
        reject(
          new Error(`${file} is not installed: install it with "npm run setup -- --with docker" (apt: ${packages})`),
        );
      } else if (typeof code === 'number') resolve({ code, stdout, stderr });
      else reject(error as Error);
    });
  });
}

/** Runs a command and returns what it wrote to its standard output; throws with all it said if it fails. */
export async function output(command: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> {
  const { code, stdout, stderr } = await run(command, env);
  if (code !== 0) throw new Error(`"${command.join(' ')}" exited with code ${code}:\n${stdout}${stderr}`);
  return stdout.trim();
}

export const asRoot = (...command: string[]): Promise<string> => output([...AS_ROOT, ...command]);

/** A Docker engine that only these tests use: its images are stand-ins, which must not shadow real ones elsewhere. */
export interface Docker {
  /** Environment in which `docker` talks to this engine. */
  readonly env: NodeJS.ProcessEnv;
  /** Runs `docker <args>`; returns its standard output, throws if it fails. */
  readonly docker: (...args: string[]) => Promise<string>;
  /** Runs `docker <args>`, whatever its exit code. */
  readonly tryDocker: (...args: string[]) => Promise<Finished>;
  /** Removes all containers and volumes, and stops the engine. */
  readonly stop: () => Promise<void>;
}

const alive = (pid: string): boolean => existsSync(`/proc/${pid}`);

/** Stops the engine that a killed run left behind, or this run's own. Only a `dockerd` on our data is ours. */
async function stopEngine(): Promise<void> {
  if (!existsSync(PID_FILE)) return;
  const pid = readFileSync(PID_FILE, 'utf8').trim();
  if (!alive(pid) || !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(CACHE)) return;
  await asRoot('kill', pid);
  for (let i = 0; i < 300 && alive(pid); i++) await sleep(100);
  if (alive(pid)) throw new Error(`dockerd (pid ${pid}) did not stop within 30 seconds of SIGTERM`);
}

/**
 * Starts the engine. Containers use the host's network: nothing is set up in, or left behind in, its firewall.
 *
 * @param environment of the engine: its log drivers find credentials there, as they would at the instance
 */
export async function startDocker(environment: NodeJS.ProcessEnv = {}): Promise<Docker> {
  await output(['docker', '--version']);
  await output(['dockerd', '--version']);
  mkdirSync(CACHE, { recursive: true });
  await stopEngine();
  // A short path: the kernel allows 107 bytes for a socket's.
  const directory = mkdtempSync(path.join(tmpdir(), 'pb-docker-'));
  const host = `unix://${directory}/docker.sock`;
  const options = ['--data-root', path.join(CACHE, 'docker'), '--exec-root', path.join(directory, 'exec')];
  options.push('--pidfile', PID_FILE, '-H', host, '-G', String(process.getgid?.() ?? 0));
  options.push('--bridge=none', '--iptables=false', '--ip6tables=false');
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const [file = '', ...args] = [...AS_ROOT, 'env', ...variables, 'dockerd', ...options];
  const log: string[] = [];
  const engine = spawn(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  engine.stderr.setEncoding('utf8').on('data', (text: string) => log.push(text));
  engine.on('error', (error) => log.push(error.message));

  const env = { ...process.env, DOCKER_HOST: host, DOCKER_BUILDKIT: '0', DOCKER_CONTEXT: '' };
  const tryDocker = (...args: string[]): Promise<Finished> => run(['docker', ...args], env);
  const docker = (...args: string[]): Promise<string> => output(['docker', ...args], env);
  const removeContainers = async (): Promise<void> => {
    const ids = (await docker('ps', '-aq')).split('\n').filter(Boolean);
    if (ids.length > 0) await docker('rm', '-fv', ...ids);
    const volumes = (await docker('volume', 'ls', '-q')).split('\n').filter(Boolean);
    if (volumes.length > 0) await docker('volume', 'rm', ...volumes);
  };
  const stop = async (): Promise<void> => {
    await removeContainers();
    // What this run's images replaced.
    await docker('image', 'prune', '-f');
    await stopEngine();
    // The engine leaves a mount of its network namespace behind.
    await run([...AS_ROOT, 'umount', path.join(directory, 'exec/netns/default')]);
    await asRoot('rm', '-rf', directory);
  };
  for (let i = 0; i < 300; i++) {
    if ((await tryDocker('version')).code === 0) {
      await removeContainers();
      return { env, docker, tryDocker, stop };
    }
    if (engine.exitCode !== null) break;
    await sleep(100);
  }
  rmSync(directory, { recursive: true, force: true });
  throw new Error(`dockerd did not start (it needs root, or sudo without a password):\n${log.join('').slice(-2000)}`);
}
