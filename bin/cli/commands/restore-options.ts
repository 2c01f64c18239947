/** The options of `proven-backups restore`, and the request that they make. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { RestoreRequest } from '../../../catalog/contract/task';
import { MAX_RESTORE_JOBS } from '../../../catalog/contract/task';
import { shellWord } from '../../../catalog/shell';
import type { Tier } from '../aws/retrieval';
import { TIERS } from '../aws/retrieval';
import { UsageError } from '../errors';
import type { TargetOptions } from '../restore/local-target';
import type { BucketOptions } from './options';
import { optionWords, readBackup, readSource, readTime, withAwsOptions, withBucketOptions } from './options';

/** The options of `proven-backups restore`. */
export interface RestoreOptions extends BucketOptions, TargetOptions {
  readonly source: string;
  readonly at?: Date;
  readonly backup?: string;
  readonly databases?: readonly string[];
  readonly tables?: readonly string[];
  readonly paths?: readonly string[];
  readonly as?: string;
  readonly overwrite?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
  readonly tier?: Tier;
  readonly stream?: boolean;
  readonly jobs?: number;
  readonly definer?: string;
  readonly createDefiners?: boolean;
  readonly local?: boolean;
  readonly optionFile?: string;
  /** File of private keys. */
  readonly identity?: string;
  /** Image that has the engine's tools; `true`: the official one of the server's version. */
  readonly docker?: true | string;
}

/** Adds the options of {@link RestoreOptions}, and examples to the help. */
export function withRestoreOptions(command: Command): Command {
  withBucketOptions(command, 'bucket of the backup')
    .requiredOption('--source <name>', 'source of the backup', readSource)
    .option('--at <time>', 'the newest backup up to this time in UTC: 2026-11-20T02:00', readTime)
    .addOption(
      new Option('--backup <id>', 'this backup; by default the newest that is proven, or else the newest')
        .argParser(readBackup)
        .conflicts('at'),
    )
    .option('--databases <names>', 'only these, separated by commas', readNames('--databases'))
    .addOption(
      new Option('--tables <names>', 'only these, separated by commas, beside the originals: needs --as')
        .argParser(readNames('--tables'))
        .conflicts('databases'),
    )
    .addOption(
      new Option('--paths <globs>', 'only these files, separated by commas: conf/**,.env')
        .argParser(readPaths)
        .conflicts(['databases', 'tables']),
    )
    .option(
      '--as <name>',
      'new name of the database; of the database or schema for tables; or of the file or directory',
      readName('--as'),
    )
    .option('--overwrite', 'replaces what exists, after a safety backup of it')
    .option('--dry-run', 'shows the plan, and changes nothing')
    .option('--yes', 'does not ask')
    .option('--json', 'prints JSON')
    .addOption(new Option('--tier <name>', 'how a backup comes out of an archive of S3 (default: bulk)').choices(TIERS))
    .option('--stream', 'restores while it verifies, not after it: quicker, but damage is found when a part is there')
    .option('--jobs <number>', 'connections that load at once, where the engine can (default: 1)', readJobs)
    .option('--definer <account>', 'MySQL, MariaDB: replaces definers that do not exist', readName('--definer'))
    .addOption(
      new Option('--create-definers', 'MySQL, MariaDB: creates definers that do not exist, locked').conflicts(
        'definer',
      ),
    )
    .option('--identity <file>', 'with --local: private key of a recipient of an encrypted backup')
    .option('--local', 'restores from this machine, in place of a task in AWS; needs --to')
    .option(
      '--to <target>',
      'with --local: such as mysql://user@host:3306, mongodb://user@host:27017, a file or a directory',
    )
    .option(
      '--docker [image]',
      "with --local: the client runs in a container, by default of the engine's official image",
    )
    .option('--option-file <file>', 'with --local: file with the password, of MySQL ([client]) or .pgpass')
    .option(
      '--ca <file>',
      "with --local: certificate authority of the server, in PEM; by default Amazon's for RDS, else the public ones",
    )
    .option('--no-tls [reason]', 'with --local: no TLS; needs a reason unless the server is on this machine');
  return withAwsOptions(command).addHelpText('after', EXAMPLES);
}

const EXAMPLES = `
Examples:
  See what would happen:
    proven-backups restore --source shop --dry-run
  Bring a table back beside the original, and copy the rows that are missing:
    proven-backups restore --source shop --tables shop.orders --as rescued
  Bring a database back as it was at noon, under another name:
    proven-backups restore --source shop --databases shop --as shop_noon \\
      --at 2026-11-20T12:00
  From this machine, without a task in AWS:
    proven-backups restore --source shop --local --to mysql://root@db:3306

Environment:
  PROVEN_BACKUPS_PASSWORD  password of the server, for --local`;

const readNames =
  (option: string) =>
  (text: string): readonly string[] => {
    const names = text.split(',').map((name) => name.trim());
    if (names.every((name) => name !== '' && !name.startsWith('-'))) return names;
    throw new UsageError(
      `${option} must be names separated by commas, such as shop,blog, got: ${JSON.stringify(text)}`,
    );
  };

/** Commas within braces are of the glob. */
function readPaths(text: string): readonly string[] {
  const globs = text.split(/,(?![^{]*\})/).map((glob) => glob.trim());
  if (globs.every((glob) => glob !== '' && !/^[-!/]/.test(glob) && !glob.split('/').includes('..'))) return globs;
  throw new UsageError(
    `--paths must be globs relative to the directory, separated by commas, such as conf/**,.env, got: ${JSON.stringify(text)}`,
  );
}

const readName =
  (option: string) =>
  (text: string): string => {
    if (text !== '' && !text.startsWith('-')) return text;
    throw new UsageError(`${option} must be a name, got: ${JSON.stringify(text)}`);
  };

function readJobs(text: string): number {
  const jobs = /^\d+$/.test(text) ? Number(text) : 0;
  if (jobs >= 1 && jobs <= MAX_RESTORE_JOBS) return jobs;
  throw new UsageError(`--jobs must be a whole number from 1 to ${MAX_RESTORE_JOBS}, got: ${text}`);
}

/**
 * Refuses options that do not go together.
 *
 * @throws UsageError
 */
export function requireRestoreOptions(options: RestoreOptions): void {
  const { databases, tables, as, local, to, optionFile, identity, ca, tls, docker } = options;
  if (tables && as === undefined)
    throw new UsageError(
      '--tables needs --as: tables are restored beside the originals, into a new database or schema',
    );
  if (as !== undefined && databases && databases.length > 1)
    throw new UsageError(`--as is the name of one database, got ${databases.length}: restore them one by one`);
  if (local && to === undefined)
    throw new UsageError(
      '--local needs --to: such as mysql://user@host:3306, mongodb://user@host:27017, a file or a directory',
    );
  const alone = [
    ...(to === undefined ? [] : ['--to']),
    ...(docker === undefined ? [] : ['--docker']),
    ...(optionFile === undefined ? [] : ['--option-file']),
    ...(identity === undefined ? [] : ['--identity']),
    ...(ca === undefined ? [] : ['--ca']),
    ...(tls === true ? [] : ['--no-tls']),
  ];
  if (!local && alone.length > 0)
    throw new UsageError(
      `${alone.join(' and ')} can only be given with --local: a task restores into the server that its stack names`,
    );
}

/** The request that the options make, for this backup. What it may replace, only a plan tells. */
export function requestOf(options: RestoreOptions, backupId: string): RestoreRequest {
  const { databases, tables, paths, as, stream, jobs, definer, createDefiners } = options;
  return {
    backupId,
    ...(databases && { databases }),
    ...(tables && { tables }),
    ...(paths && { paths }),
    ...(as !== undefined && { as }),
    ...(stream && { stream }),
    ...(jobs !== undefined && { jobs }),
    ...(definer !== undefined && { definers: { account: definer } }),
    ...(createDefiners && { definers: { create: true as const } }),
  };
}

/** The command that lists the backups of the source. */
export const listText = ({ bucket, stack, source, region, profile }: RestoreOptions): string =>
  ['proven-backups', 'list', ...optionWords({ bucket, stack, source, region, profile })].map(shellWord).join(' ');

/** The command that restores the same from this backup, for a person to run later. */
export function commandText(options: RestoreOptions, backupId: string, overwrite = options.overwrite): string {
  const { bucket, stack, region, profile, source, databases, tables, paths, as, tier, jobs, definer } = options;
  const { local, to, optionFile, identity, ca, tls, docker } = options;
  const valued = {
    ...{ bucket, stack, source, backup: backupId, databases: databases?.join(), tables: tables?.join() },
    ...{ paths: paths?.join(), as },
    ...{ docker: typeof docker === 'string' ? docker : undefined },
    ...{ tier, jobs: jobs?.toString(), definer, to, 'option-file': optionFile, identity, ca, region, profile },
  };
  const flags = {
    ...{ overwrite, stream: options.stream, 'create-definers': options.createDefiners, local },
    docker: docker === true,
    'no-tls': tls === false || typeof tls === 'string',
  };
  const given = Object.entries(flags).flatMap(([name, value]) => (value ? [`--${name}`] : []));
  const reason = typeof tls === 'string' ? [tls] : [];
  return ['proven-backups', 'restore', ...optionWords(valued), ...given, ...reason].map(shellWord).join(' ');
}
