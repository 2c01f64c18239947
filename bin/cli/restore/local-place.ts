/** Restores from this machine: the program of this package runs as a process of its own. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import type { RestoreJob, RestoreRequest } from '../../../catalog/contract/task';
import { commandOf, ENV, exitNameOf, PROGRAM_FILE } from '../../../catalog/contract/task';
import { engineFacts } from '../../../engines/facts';
import { canDecompress } from '../aws/download';
import { CommandError, UsageError } from '../errors';
import { dockerTools } from './docker-tools';
import type { LogFact } from './log-facts';
import { LogFacts } from './log-facts';
import type { LocalTarget } from './local-target';
import { PASSWORD_VARIABLE } from './local-password';
import type { RestoreEnd, RestorePlace, RestoreRun } from './place';
import { programFile } from './program-file';

/** As long as a restore may take: a person sees it, and stops it. */
const TIMEOUT_SECONDS = 7 * 86_400;
/** Lines of standard error that are told if the program does not end by itself. */
const LAST_LINES = 5;

/** What a restore from this machine needs. */
export interface LocalRestore {
  readonly source: string;
  readonly engine: string;
  readonly bucket: string;
  readonly region?: string;
  readonly target: LocalTarget;
  /** Image that has the engine's tools; this machine has them when left out. */
  readonly image?: string;
}

/**
 * Refuses a machine that cannot restore.
 *
 * @param image that has the engine's tools; this machine itself when left out
 * @throws CommandError
 */
export function requireLocalTools(engine: string, image: string | undefined): void {
  if (!canDecompress())
    throw new UsageError(`--local needs Node.js 22.15 or newer, got: ${process.version}: use a newer Node.js`);
  if (!existsSync(programFile()))
    throw new CommandError(`${programFile()} is missing: install the package cdk-proven-backups again`);
  const { title, restoreTools } = engineFacts(engine);
  const needed = image === undefined ? restoreTools : ['docker'];
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter(Boolean);
  const missing = (needed ?? []).filter((tool) => !folders.some((folder) => existsSync(path.join(folder, tool))));
  if (missing.length === 0) return;
  throw new CommandError(
    image === undefined
      ? `--local needs ${missing.join(' and ')} of ${title}, which is not in PATH: install the client of ${title}, of the version of the server, or use --docker`
      : '--docker needs docker, which is not in PATH: install Docker, or leave --docker out',
  );
}

/** This machine. */
export class LocalPlace implements RestorePlace {
  readonly target: string;

  constructor(private readonly restore: LocalRestore) {
    this.target = restore.target.title;
  }

  start(request: RestoreRequest): Promise<RestoreRun> {
    const { source, engine, bucket, region, target, image } = this.restore;
    const { server, file, credentials } = target;
    const scratchDirectory = mkdtempSync(path.join(tmpdir(), 'proven-backups-'));
    const job: RestoreJob = {
      ...{ action: 'restore', source, engine, bucket, timeoutSeconds: TIMEOUT_SECONDS, scratchDirectory },
      ...(server && { server }),
      ...(file !== undefined && { file }),
    };
    const tools = image === undefined ? [] : [dockerTools(engine, image, scratchDirectory)];
    const [, ...args] = commandOf('restore').map((word) => (word === PROGRAM_FILE ? programFile() : word));
    const child = spawn(process.execPath, args, {
      env: {
        ...process.env,
        PATH: [...tools, process.env.PATH].join(path.delimiter),
        [PASSWORD_VARIABLE]: undefined,
        ...(region !== undefined && { AWS_REGION: region }),
        ...{ [ENV.job]: JSON.stringify(job), [ENV.restore]: JSON.stringify(request) },
        ...(credentials && { [ENV.username]: credentials.username, [ENV.password]: credentials.password }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A terminal would send it Ctrl-C as well, and it takes the second one as an order to end at once.
      detached: true,
    });
    return Promise.resolve(new LocalRun(child, scratchDirectory));
  }
}

class LocalRun implements RestoreRun {
  private readonly ended: Promise<RestoreEnd>;
  private ending: RestoreEnd = {};
  private readonly lastLines: string[] = [];
  /** The program knows SIGHUP as nothing but its death. */
  private readonly onSignal = (): void => void this.child.kill('SIGTERM');

  constructor(
    private readonly child: ChildProcess,
    scratch: string,
  ) {
    createInterface({ input: child.stderr! }).on('line', (line) => {
      this.lastLines.push(line);
      if (this.lastLines.length > LAST_LINES) this.lastLines.shift();
    });
    for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, this.onSignal);
    this.ended = new Promise<RestoreEnd>((resolve) => {
      child.once('error', (error) => resolve({ began: false, reason: error.message }));
      child.once('close', (code, signal) => resolve(this.endOf(code, signal)));
    }).then((end) => {
      for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.off(signal, this.onSignal);
      rmSync(scratch, { recursive: true, force: true });
      return (this.ending = end);
    });
  }

  /** Ends with the process: its locks and its files are gone then. */
  async *facts(): AsyncGenerator<LogFact> {
    const lines = new LogFacts();
    try {
      for await (const line of createInterface({ input: this.child.stdout! })) {
        const fact = lines.take(line);
        if (fact) yield fact;
      }
    } finally {
      await this.ended;
    }
  }

  end(): RestoreEnd {
    return this.ending;
  }

  stop(): Promise<void> {
    this.child.kill('SIGINT');
    return Promise.resolve();
  }

  private endOf(code: number | null, signal: NodeJS.Signals | null): RestoreEnd {
    const exitCode = code ?? 128 + constants.signals[signal!];
    const exitName = exitNameOf(exitCode);
    const said = this.lastLines.join(' ');
    const reason = signal ? `it was ended by ${signal}` : said;
    return { exitCode, ...(exitName !== undefined && { exitName }), ...(reason !== '' && { reason }) };
  }
}
