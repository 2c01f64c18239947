import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { rootCertificates } from 'node:tls';
import type { S3Client } from '@aws-sdk/client-s3';
import { Tool, toolOutput } from '../../../task/io/tool';
import { BackupError } from '../../../task/run/errors';
import type { RepositoryAccess } from '../../engine';
import { CredentialServer } from './credentials';
import { resticError, type ResticFailure, type ResticTrouble } from './errors';

/** Where a repository is. */
export interface RepositoryPlace {
  readonly bucket: string;
  /** What its keys begin with, without a slash at the end. */
  readonly prefix: string;
}

/** How restic is used. */
export interface ResticOptions extends RepositoryAccess, RepositoryPlace {
  /** A directory of this run alone: for what it caches, and for packs before they are stored. */
  readonly directory: string;
  /** Aborted when the run must stop. */
  readonly signal: AbortSignal;
  /** What a failure is. */
  readonly exit: BackupError['exit'];
}

/** A line of restic's output. Which fields it has, its command and `message_type` say. */
export type ResticMessage = Readonly<Record<string, unknown>>;

/** How one command is run. */
export interface ResticCommand {
  /** Directory to which relative paths belong. */
  readonly directory?: string;
  /** Exit codes that are none of a failure; 0 when left out. */
  readonly accepts?: readonly number[];
}

/** The end of a command. */
export interface ResticEnd {
  readonly code: number;
  readonly failures: readonly ResticFailure[];
  readonly troubles: readonly ResticTrouble[];
}

/** Troubles that are kept. */
const KEPT = 1000;

/** restic, with one repository. */
export class Restic {
  private readonly tools = new Set<Tool>();

  private constructor(
    private readonly options: ResticOptions,
    private readonly args: readonly string[],
    private readonly environment: Readonly<Record<string, string>>,
    private readonly credentials: CredentialServer,
  ) {}

  /** @throws BackupError `configuration` without a key */
  static async open(options: ResticOptions): Promise<Restic> {
    const { s3, key, bucket, prefix, directory } = options;
    if (key === undefined || key === '') throw keyMissing(prefix);
    const [cache, temporary] = [join(directory, 'cache'), join(directory, 'packs')];
    await mkdir(temporary, { recursive: true });
    const endpoint = await endpointOf(s3);
    const region = await s3.config.region();
    const authorities = join(directory, 'authorities.pem');
    // The images of the program have no certificate authorities but those of Node.js.
    if (endpoint.startsWith('https:')) await writeFile(authorities, rootCertificates.join('\n'));
    const credentials = await CredentialServer.start(s3);
    const environment = {
      ...{ ...credentials.environment, RESTIC_PASSWORD: key, HOME: directory, TMPDIR: temporary },
      // A line of progress every five seconds, and not sixty a second.
      RESTIC_PROGRESS_FPS: '0.2',
    };
    const args = [
      ...['--json', '--repo', `s3:${endpoint}/${bucket}/${prefix}`, '--cache-dir', cache],
      ...['--option', `s3.region=${region}`, '--option', 's3.bucket-lookup=path'],
      ...(endpoint.startsWith('https:') ? ['--cacert', authorities] : []),
    ];
    return new Restic(options, args, environment, credentials);
  }

  /**
   * Runs a command, and hands over the lines of its output.
   *
   * @returns its end
   * @throws BackupError if that is a failure
   */
  async *messages(
    args: readonly string[],
    { directory, accepts = [0] }: ResticCommand = {},
  ): AsyncGenerator<ResticMessage, ResticEnd> {
    const { signal, exit, prefix } = this.options;
    signal.throwIfAborted();
    const failures: ResticFailure[] = [];
    const troubles: ResticTrouble[] = [];
    const tool = new Tool({
      ...{ command: 'restic', args: [...this.args, ...args], env: this.environment },
      ...(directory !== undefined && { directory }),
      failure: { exit, kind: 'tool-failed' },
      talk: (line) => hear(line, failures, troubles),
    });
    this.tools.add(tool);
    const stop = (): void => void tool.stop();
    signal.addEventListener('abort', stop);
    try {
      for await (const line of createInterface({ input: tool.stdout })) {
        yield* parsed(line);
      }
      const code = await tool.exited;
      signal.throwIfAborted();
      // What could not be started, or was killed, says so itself.
      if (code === null) await tool.succeeded();
      if (!accepts.includes(code!)) throw resticError({ code: code!, failures, troubles, exit, source: prefix });
      return { code: code!, failures, troubles };
    } finally {
      signal.removeEventListener('abort', stop);
      await tool.stop();
      this.tools.delete(tool);
    }
  }

  /**
   * Runs a command to its end.
   *
   * @param hear gets each line of its output
   * @throws BackupError if it fails
   */
  async run(
    args: readonly string[],
    command?: ResticCommand,
    hear: (message: ResticMessage) => void = () => undefined,
  ): Promise<ResticEnd> {
    const messages = this.messages(args, command);
    for (;;) {
      const next = await messages.next();
      if (next.done) return next.value;
      hear(next.value);
    }
  }

  /** Ends what runs. */
  async close(): Promise<void> {
    await Promise.all([...this.tools].map((tool) => tool.stop()));
    this.credentials.stop();
  }
}

/** The version of restic: `restic 0.18.1`. */
export async function resticVersion(): Promise<string> {
  const [name = '', version = ''] = (await toolOutput('restic', ['version'])).split(' ');
  return `${name} ${version}`;
}

/** Where S3 is, for a tool that adds bucket and key to the path. */
async function endpointOf(s3: S3Client): Promise<string> {
  const custom = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  const { url } =
    custom === undefined ? s3.config.endpointProvider({ Region: await s3.config.region() }) : { url: custom };
  return String(url).replace(/\/+$/, '');
}

/** Takes in a line of standard error. Whether it is a failure, the exit code says: that restic tries something again is none. */
function hear(line: string, failures: ResticFailure[], troubles: ResticTrouble[]): true {
  const [message = {}] = parsed(line);
  const { message_type: type, item = '', error, message: said = '', code = 1 } = message;
  if (type === 'exit_error') failures.push({ code: Number(code), said: String(said) });
  else if (type === 'error' && troubles.length < KEPT)
    troubles.push({
      item: String(item),
      said: String((error as { message?: unknown } | null)?.message ?? error ?? said).trim(),
    });
  return true;
}

/** The messages of a line: one, or a list of them. */
function parsed(line: string): readonly ResticMessage[] {
  if (!/^[[{]/.test(line)) return [];
  try {
    return [JSON.parse(line) as ResticMessage | ResticMessage[]].flat();
  } catch {
    return [];
  }
}

const keyMissing = (source: string): BackupError =>
  new BackupError(
    'configuration',
    `the key of the repository of ${source} is missing: it is in the secret that the manifest names; give its value in the environment variable BACKUP_REPOSITORY_KEY`,
    { kind: 'repository-key-missing', object: source },
  );
