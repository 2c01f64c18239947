import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FailedLine } from '../../catalog/contract/failure';
import type {
  DumpJob,
  ExitCodeName,
  MaintainJob,
  ProveJob,
  RestoreJob,
  RestoreRequest,
} from '../../catalog/contract/task';
import { ENV, EXIT_CODES } from '../../catalog/contract/task';
import { postgresqlBinaries } from '../servers/postgresql';
import type { InstalledVersion } from '../servers/versions';
import { compileCache, IMAGE_FILES, inImage } from './in-image';
import { endWithTests } from './processes';

/** The bundle that ships, as the set-up of the tests built it. */
const MAIN = path.resolve(__dirname, '../../dist/task/main.js');

/** Jobs of all actions. */
type AnyJob = DumpJob | RestoreJob | ProveJob | MaintainJob;

/** Inputs of a run. */
export interface ProgramOptions<Job extends AnyJob = DumpJob> {
  readonly job: Job;
  /** Of a restore. */
  readonly request?: RestoreRequest;
  /** Environment by which the AWS SDK finds S3. */
  readonly aws: Readonly<Record<string, string>>;
  readonly username?: string;
  readonly password?: string;
  readonly scheduledTime?: string;
  /** Runs as the image of this version would: its system and tools, an account of few rights. This process's when left out. */
  readonly image?: InstalledVersion;
  /** Another bundle of the program than the one that ships; outside of an image. */
  readonly main?: string;
  /** Searched for tools before all else. */
  readonly toolsDirectory?: string;
  /** Set last: `undefined` removes a variable. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** A line of the program's log. */
export interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

/** The end of a run. */
export interface ProgramResult {
  /** Name of the exit code, or the number or signal where it has no name. */
  readonly exit: ExitCodeName | number | NodeJS.Signals;
  readonly log: readonly LogLine[];
  /** The sentence that says why it failed; empty if it did not. */
  readonly failure: string;
  /** Why it failed, as facts. */
  readonly reason: FailedLine['reason'] | undefined;
  /** Standard output and standard error. */
  readonly output: string;
  /** Largest resident memory of the program itself, without its tools. MiB. */
  readonly peakMiB: number;
}

/** A run of the real program, as ECS starts it: everything by environment. */
export class Program {
  private output = '';
  private peakKiB = 0;
  private readonly ended: Promise<[number | null, NodeJS.Signals | null]>;

  private constructor(private readonly child: ChildProcess) {
    child.stdout!.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
    child.stderr!.on('data', (chunk: Buffer) => (this.output += chunk.toString('utf8')));
    endWithTests(child);
    this.ended = once(child, 'close') as typeof this.ended;
    const timer = setInterval(() => this.measure(), 20);
    void this.ended.then(() => clearInterval(timer));
  }

  /** Starts it. */
  static start(options: ProgramOptions<AnyJob>): Program {
    const { command, args, environment } = options.image
      ? inImage(options.image, options.job.scratchDirectory, [IMAGE_FILES.node, IMAGE_FILES.main, options.job.action])
      : {
          command: process.execPath,
          args: [options.main ?? MAIN, options.job.action],
          environment: { PATH: `${postgresqlBinaries()}:${process.env.PATH}`, ...compileCache() },
        };
    const tools = [options.toolsDirectory, environment.PATH].filter(Boolean);
    const own: Record<string, string | undefined> = {
      ...{ ...environment, PATH: tools.join(path.delimiter), ...options.aws, [ENV.job]: JSON.stringify(options.job) },
      ...{ [ENV.restore]: options.request && JSON.stringify(options.request) },
      ...{ [ENV.username]: options.username, [ENV.password]: options.password },
      ...{ [ENV.scheduledTime]: options.scheduledTime, ...options.environment },
    };
    const env = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
    return new Program(spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  /** Runs it to its end. */
  static run(options: ProgramOptions<AnyJob>): Promise<ProgramResult> {
    return Program.start(options).result();
  }

  get pid(): number {
    return this.child.pid!;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves when the log holds the event; rejects if the program ends without it. */
  async logged(event: string): Promise<void> {
    const isLogged = () => this.output.includes(`"event":"${event}"`);
    while (!isLogged()) {
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        // Its last words may come after its end.
        await this.ended;
        if (isLogged()) return;
        throw new Error(`the program ended without logging ${event}: ${this.output}`);
      }
      await sleep(20);
    }
  }

  /** Waits for the end. */
  async result(): Promise<ProgramResult> {
    const [code, signal] = await this.ended;
    const log = this.output
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as LogLine)
      .filter(({ event }) => event !== undefined);
    const failed = log.find(({ event }) => event === 'failed');
    const name = Object.entries(EXIT_CODES).find(([, value]) => value === code)?.[0] as ExitCodeName | undefined;
    return {
      exit: name ?? code ?? signal!,
      log,
      failure: failed?.message ?? '',
      reason: failed?.reason as FailedLine['reason'] | undefined,
      output: this.output,
      peakMiB: Math.round(this.peakKiB / 1024),
    };
  }

  private measure(): void {
    try {
      const status = fs.readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
      this.peakKiB = Math.max(this.peakKiB, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // It has just ended.
    }
  }
}
