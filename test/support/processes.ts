import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as net from 'node:net';
import * as os from 'node:os';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The user and group that a child process runs as. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** Whether nobody was given this port in a run of the tests: its server may not listen yet. Outside of a run there is nobody else. */
function isNewlyTaken(port: number): boolean {
  const shared = process.env.TEST_MODELS;
  if (shared === undefined) return true;
  try {
    fs.mkdirSync(path.join(shared, `port-${port}`));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * A TCP port of the loopback address that nothing listens on. Taken from below the range that the kernel gives to
 * outgoing connections, at random, and none twice in a run of the tests.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const server = net.createServer().listen(10_000 + Math.floor(Math.random() * 22_000), '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    const { port } = server.address() as net.AddressInfo;
    server.close();
    await once(server, 'close');
    if (isNewlyTaken(port)) return port;
  }
}

/**
 * Servers refuse to run as root: root drops to the account that the engine's package made, anyone else stays.
 *
 * @param root the system that the package is installed in
 */
export function unprivileged(account: string, root = '/'): Identity | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const accounts = fs.readFileSync(path.join(root, 'etc/passwd'), 'utf8').split('\n');
  const found = accounts.map((line) => line.split(':')).find(([name]) => name === account);
  if (found === undefined) throw new Error(`${root} has no account ${account}: its server is not installed`);
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

/** A new directory of the system's temporary directory, which belongs to `owner`; small letters only, as the tools of MongoDB need. */
export function temporaryDirectory(prefix: string, owner?: Identity): string {
  const directory = path.join(os.tmpdir(), `${prefix}-${randomBytes(4).toString('hex')}`);
  fs.mkdirSync(directory, { mode: 0o700 });
  if (owner) fs.chownSync(directory, owner.uid, owner.gid);
  return directory;
}

/**
 * The first of the paths given that exists.
 *
 * @throws Error naming the apt package when none does: a missing engine fails the tests, it never skips them
 */
export function findProgram(candidates: readonly string[], aptPackage: string): string {
  const found = candidates.find((candidate) => fs.existsSync(candidate));
  if (found !== undefined) return found;
  throw new Error(`none of ${candidates.join(', ')} exists: install it with: apt-get install ${aptPackage}`);
}

/** Runs a program to its end and returns its standard output. Rejects with its standard error if it fails. */
export async function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions & { readonly input?: NodeJS.ReadableStream | string } = {},
): Promise<string> {
  const { input, ...spawnOptions } = options;
  const child = spawn(command, args, { ...spawnOptions, stdio: ['pipe', 'pipe', 'pipe'] });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr!.on('data', (chunk: Buffer) => errors.push(chunk));
  // A program that ends before it has read all of its input is judged by its exit code.
  child.stdin!.on('error', () => undefined);
  if (input === undefined || typeof input === 'string') child.stdin!.end(input);
  else input.pipe(child.stdin!);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code === 0) return Buffer.concat(output).toString('utf8');
  throw new Error(`${path.basename(command)} ended with ${signal ?? code}: ${Buffer.concat(errors).toString('utf8')}`);
}

const children = new Set<ChildProcess>();
process.once('exit', () => children.forEach((child) => child.kill('SIGKILL')));

/** Ends the process when that of the tests ends, however that comes about. */
export function endWithTests(child: ChildProcess): void {
  children.add(child);
  child.once('exit', () => children.delete(child));
}

/** A server process of a test. */
export class Daemon {
  private constructor(
    private readonly child: ChildProcess,
    private readonly logFile: string,
  ) {}

  /**
   * Starts a server and waits until it answers.
   *
   * @param ready resolves when the server answers, rejects until then
   */
  static async start(
    command: string,
    args: readonly string[],
    options: { readonly identity?: Identity; readonly logFile: string; readonly env?: NodeJS.ProcessEnv },
    ready: () => Promise<unknown>,
  ): Promise<Daemon> {
    const log = fs.openSync(options.logFile, 'a');
    const child = spawn(command, args, { ...options.identity, env: options.env, stdio: ['ignore', log, log] });
    fs.closeSync(log);
    // A test run that breaks off must neither wait for its servers nor leave them behind.
    child.unref();
    endWithTests(child);
    const daemon = new Daemon(child, options.logFile);
    // Seconds are enough on a machine that does nothing else.
    const deadline = Date.now() + 60_000;
    for (;;) {
      try {
        await ready();
        return daemon;
      } catch (error) {
        if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
          await daemon.stop('SIGKILL');
          throw new Error(`${command} did not start: ${(error as Error).message}\n${daemon.log()}`, { cause: error });
        }
        await sleep(50);
      }
    }
  }

  /** What the server wrote to its output so far. */
  log(): string {
    return fs.readFileSync(this.logFile, 'utf8');
  }

  /** Ends the server and waits until it is gone. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.ref();
    this.child.kill(signal);
    await gone;
  }
}
