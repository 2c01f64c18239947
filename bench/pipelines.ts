import * as fs from 'node:fs';
import * as path from 'node:path';
import type { DumpJob } from '../catalog/contract/task';
import { commandOf, ENV, NODE_FILE, PROGRAM_FILE } from '../catalog/contract/task';
import { temporaryDirectory } from '../test/support/processes';
import type { Measurable } from './measure';
import type { S3Server } from './s3-server';
import { DATABASE, USER, type BenchServer } from './server';

/** The compared pipelines. `program`: this one; `encrypted`: this one, encrypting to people; `everyday`: the usual pipe; `raw`: the least that dumps and compresses. */
export const PIPELINES = ['program', 'encrypted', 'everyday', 'raw'] as const;
export type Pipeline = (typeof PIPELINES)[number];

/** A pipeline as a command that a person could type. */
export interface Command extends Measurable {
  /** Prefix of its objects in the bucket; none if it stores nothing. */
  readonly prefix?: string;
}

/** A hand-made dump of one engine: complete and consistent, and nothing for speed. */
interface HandMade {
  /** The tool as it is shown in the table; `raw`: without any compression. */
  readonly title: { readonly everyday: string; readonly raw: string };
  readonly everyday: (server: BenchServer) => string;
  readonly raw: (server: BenchServer) => string;
  /** Compression that the tool lacks. */
  readonly compress: string;
}

function mysqlFamily(tool: string, ...own: string[]): HandMade {
  const what = '--single-transaction --routines --triggers --events --hex-blob --default-character-set=utf8mb4';
  const command = ({ tools }: BenchServer) =>
    [`${tool} --defaults-file=${tools.optionFile} ${what}`, ...own, `--databases ${DATABASE}`].join(' ');
  return { title: { everyday: tool, raw: tool }, everyday: command, raw: command, compress: ' | gzip' };
}

const HAND_MADE: Record<BenchServer['engine'], HandMade> = {
  mariadb: mysqlFamily('mariadb-dump'),
  // As this program: tablespaces and the GTIDs of a new replica need privileges that no backup needs.
  mysql: mysqlFamily('mysqldump', '--no-tablespaces', '--set-gtid-purged=OFF'),
  postgresql: {
    title: { everyday: 'pg_dump -Fc', raw: 'pg_dump -Fc -Z0' },
    everyday: () => `pg_dump -d ${DATABASE} -Fc`,
    raw: () => `pg_dump -d ${DATABASE} -Fc -Z0`,
    compress: '',
  },
  mongodb: {
    title: { everyday: 'mongodump --gzip --archive', raw: 'mongodump --archive' },
    everyday: ({ tools }) => `mongodump --quiet --config=${tools.optionFile} --db=${DATABASE} --gzip --archive`,
    raw: ({ tools }) => `mongodump --quiet --config=${tools.optionFile} --db=${DATABASE} --archive`,
    compress: '',
  },
};

/** The pipe without an upload, with `sink` at its end. */
function rawPipe(server: BenchServer, sink: string): string {
  return `${HAND_MADE[server.engine].raw(server)} | zstd -1 ${sink}`;
}

export const shell = (script: string): string[] => ['bash', '-c', `set -o pipefail; ${script}`];

/** The dump of this program. */
export function programCommand(
  server: BenchServer,
  s3: Pick<S3Server, 'bucket'>,
  root: string,
  scratchDirectory: string,
  encryptTo?: readonly string[],
): Command {
  const source = encryptTo ? 'encrypted' : 'program';
  const job: DumpJob = {
    action: 'dump',
    source,
    ...(encryptTo && { encryptTo }),
    engine: server.engine,
    engineVersion: server.version,
    bucket: s3.bucket,
    keyArn: 'arn:aws:kms:us-east-1:000000000000:key/bench',
    compressionLevel: 1,
    timeoutSeconds: 3600,
    scratchDirectory,
    server: {
      host: server.host,
      port: server.port,
      databases: [DATABASE],
      tls: { mode: 'certificate-authority', pem: server.pem },
    },
  };
  const local = new Map<string, string>([
    [NODE_FILE, process.execPath],
    [PROGRAM_FILE, path.join(root, 'dist/task/main.js')],
  ]);
  return {
    argv: commandOf('dump').map((word) => local.get(word) ?? word),
    env: {
      [ENV.job]: JSON.stringify(job),
      [ENV.username]: USER.username,
      [ENV.password]: USER.password,
      [ENV.trigger]: 'on-demand',
    },
    title: encryptTo ? 'this program, encryptTo' : 'this program',
    prefix: source,
  };
}

/** Of a private key that nobody has. */
const RECIPIENT = 'age1lvyvwawkr0mcnnnncaghunadrqkmuf9e6507x9y920xxpp866cnql7dp2z';

/** Makes the commands of one server. `remove` deletes what they need on disk. */
export function commands(server: BenchServer, s3: S3Server, root: string) {
  const scratch = temporaryDirectory('bench-scratch');
  const PATH = [path.join(root, '.venv/bin'), server.tools.path, process.env.PATH].join(path.delimiter);
  const base = { PATH, HOME: scratch, ...s3.env };
  const pipe = (script: string, title: string, prefix?: string): Command => ({
    argv: shell(script),
    env: server.tools.env,
    title,
    prefix,
  });
  const upload = `aws s3 cp - s3://${s3.bucket}/everyday/dump --only-show-errors`;
  const { title, everyday, compress } = HAND_MADE[server.engine];
  const all: Record<Pipeline, Command> = {
    program: programCommand(server, s3, root, scratch),
    encrypted: programCommand(server, s3, root, scratch, [RECIPIENT]),
    everyday: pipe(
      `${everyday(server)}${compress} | ${upload}`,
      `${title.everyday}${compress} | aws s3 cp -`,
      'everyday',
    ),
    raw: pipe(rawPipe(server, '> /dev/null'), `${title.raw} | zstd -1 > /dev/null`),
  };
  const withBase = (command: Command): Command => ({ ...command, env: { ...base, ...command.env } });
  return {
    all: Object.fromEntries(PIPELINES.map((name) => [name, withBase(all[name])])) as Record<Pipeline, Command>,
    warmUp: withBase(pipe(rawPipe(server, '| wc -c'), 'warm-up')),
    remove: () => fs.rmSync(scratch, { recursive: true, force: true }),
  };
}
