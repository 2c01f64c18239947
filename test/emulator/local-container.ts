import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import type { DumpJob } from '../../catalog/contract/task';
import { DATA_DIRECTORY, ENV, NODE_FILE, PROGRAM_FILE, SCRATCH_DIRECTORY } from '../../catalog/contract/task';
import type { InstalledVersion } from '../servers/versions';
import { IMAGE_FILES, inImage } from '../support/in-image';
import { temporaryDirectory } from '../support/processes';
import type { Emulator } from './emulator';
import { ROOT } from './emulator';
import type { ContainerRun } from './scheduled-run';

/** Where the image's programs are on this machine. */
const NODE = path.join(ROOT, 'node_modules/.bin/node');
const PROGRAM = path.join(ROOT, 'dist/task/main.js');

/** Options for running a container's command as a process of this machine. */
export interface LocalOptions {
  /** Stands for the EFS access point of an SQLite source. */
  readonly dataDirectory?: string;
  /** Runs in the system of this server version, as its image would; else as a process like this one. */
  readonly version?: InstalledVersion;
  /** Folders put before PATH, for the engine's programs; an image has them in its own. */
  readonly path?: readonly string[];
  /** Added to the environment, over everything else. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Stands for the program of the image; the bundle that ships when left out. */
  readonly program?: string;
}

/** The end of a container, as ECS reports it. */
export interface Ended {
  /** 128 + the signal's number if it was killed. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A container's command that runs as a process. */
export interface LocalContainer {
  /** Stands for the scratch volume. Removed when the process has ended. */
  readonly scratchDirectory: string;
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
}

const SIGNAL_NUMBERS: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 2, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };

/** Starts the command of a container with its environment, and nothing else of this process's but PATH and TERM. */
export function runAsProcess(emulator: Emulator, run: ContainerRun, options: LocalOptions = {}): LocalContainer {
  const scratchDirectory = temporaryDirectory('scratch');
  const { node, main } = options.version ? IMAGE_FILES : { node: NODE, main: options.program ?? PROGRAM };
  const local: Record<string, string> = { [NODE_FILE]: node, [PROGRAM_FILE]: main };
  const own = run.command.map((word) => local[word] ?? word);
  const image = options.version && inImage(options.version, scratchDirectory, own);
  const [command, ...args] = image ? [image.command, ...image.args] : own;
  if (command === undefined) throw new Error('the container has no command');
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: scratchDirectory,
    env: {
      PATH: [...(options.path ?? []), process.env.PATH].join(path.delimiter),
      ...(process.env.TERM === undefined ? {} : { TERM: process.env.TERM }),
      ...image?.environment,
      ...emulator.environmentOf(run.role),
      ...run.environment,
      [ENV.job]: localJob(run.environment[ENV.job], scratchDirectory, options.dataDirectory),
      ...options.environment,
    },
  });
  const ended = (async () => {
    const collected = [child.stdout, child.stderr].map((stream) => text(stream));
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    fs.rmSync(scratchDirectory, { recursive: true, force: true });
    const [stdout = '', stderr = ''] = await Promise.all(collected);
    return { exitCode: code ?? 128 + (SIGNAL_NUMBERS[signal!] ?? 0), stdout, stderr };
  })();
  return { scratchDirectory, ended, kill: (signal) => void child.kill(signal) };
}

/** The job, with this machine's folders in the place of the container's mounts. */
function localJob(text: string | undefined, scratchDirectory: string, dataDirectory: string | undefined): string {
  if (text === undefined) throw new Error(`the container has no ${ENV.job} in its environment`);
  const job = JSON.parse(text) as DumpJob;
  const mounts: [string, string | undefined][] = [
    [SCRATCH_DIRECTORY, scratchDirectory],
    [DATA_DIRECTORY, dataDirectory],
  ];
  const local = (file: string) => {
    const mount = mounts.find(([inside]) => file === inside || file.startsWith(`${inside}/`));
    if (mount?.[1] === undefined) throw new Error(`${file} of the job lies in no mount of the container`);
    return mount[1] + file.slice(mount[0].length);
  };
  return JSON.stringify({
    ...job,
    scratchDirectory: local(job.scratchDirectory),
    ...(job.file === undefined ? {} : { file: local(job.file) }),
  });
}
