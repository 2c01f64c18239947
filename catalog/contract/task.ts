/**
 * The contract between the constructs (`lib/`) and the program that runs in Fargate (`task/`): environment variables,
 * the job document, exit codes and metric names. Both sides import this one file, so that they cannot drift apart.
 *
 * Free of dependencies, because the construct library has none.
 */

/** Actions of the program. `main.js <action>` runs one. */
export const ACTIONS = ['dump', 'restore', 'prove', 'maintain'] as const;
export type Action = (typeof ACTIONS)[number];

/**
 * Family of the task definitions that run an action for a source. No source's name has an underscore, so that no family of
 * one source is that of another.
 *
 * @param prefix what the families of one scope begin with
 */
export const taskFamily = (prefix: string, source: string, action: Action): string =>
  action === 'dump' ? `${prefix}${source}` : `${prefix}${source}_${action}`;

/**
 * Family of the task definitions that run restore tests, which the sources of a scope share, one for each image: whoever starts
 * a task gives it the role, the size and the job of a source.
 *
 * @param prefix what the families of one scope begin with
 * @param image number of the image in its scope; `*` for all
 */
export const proveFamily = (prefix: string, image: number | '*'): string => `${prefix}_prove${image}`;

/** What the names of the log streams of restore tests begin with. No source's name has an underscore. */
export const PROVE_STREAM = '_prove';

/** Tag of the tasks that restore, with the name of their source: by it they may be stopped. */
export const RESTORE_TAG = 'proven-backups:restore';

/** Environment variables of the backup container. */
export const ENV = {
  /** A {@link DumpJob}, {@link RestoreJob}, {@link ProveJob} or {@link MaintainJob} as JSON. */
  job: 'BACKUP_JOB',
  /** A {@link RestoreRequest} as JSON. Set by whoever starts a restore. */
  restore: 'RESTORE_REQUEST',
  /** The database user. Injected by ECS from Secrets Manager. */
  username: 'DATABASE_USERNAME',
  /** The database password. Injected by ECS from Secrets Manager. */
  password: 'DATABASE_PASSWORD',
  /** In place of both: a connection string, of engines that have one. Injected by ECS from Secrets Manager. */
  uri: 'DATABASE_URI',
  /** On an instance, in place of these: a {@link SecretFile} as JSON. Set by the host. */
  secretFile: 'DATABASE_SECRET_FILE',
  /** Private keys that decrypt backups: a file of age or of OpenSSH. Injected by ECS from Secrets Manager. */
  identity: 'BACKUP_IDENTITY',
  /** The key of the source's repository, of backups that are in one. Injected by ECS from Secrets Manager. */
  repositoryKey: 'BACKUP_REPOSITORY_KEY',
  /** The occasion of this run: one of {@link TRIGGERS}. */
  trigger: 'BACKUP_TRIGGER',
  /** The scheduled time, ISO 8601, UTC. Set by EventBridge Scheduler's context attribute. */
  scheduledTime: 'BACKUP_SCHEDULED_TIME',
  /** The ARN of the schedule. Set by EventBridge Scheduler's context attribute. */
  scheduleArn: 'BACKUP_SCHEDULE_ARN',
} as const;

/** A file with the JSON of a secret, and which of its keys stand for which environment variables. */
export interface SecretFile {
  readonly file: string;
  /** Keys of the JSON, by names of variables. */
  readonly keys: Readonly<Record<string, string>>;
}

/** Occasions of a backup. */
export const TRIGGERS = ['schedule', 'on-demand', 'before-deployment', 'before-restore'] as const;
export type Trigger = (typeof TRIGGERS)[number];

/** How the database's TLS certificate is verified. */
export type TlsJob =
  /** Against Amazon's certificate authorities for RDS, Aurora and DocumentDB, which ship with the program. */
  | { readonly mode: 'amazon-rds' }
  /** Against the public certificate authorities that ship with Node.js. */
  | { readonly mode: 'public' }
  /** Against the certificate authority given, in PEM. */
  | { readonly mode: 'certificate-authority'; readonly pem: string }
  /** Not at all: the connection is in clear text, by the user's written choice. */
  | { readonly mode: 'off'; readonly reason: string };

/** Where one member of a server listens. */
export interface Member {
  readonly host: string;
  readonly port: number;
}

/** Address of a database server. */
export interface ServerAddress {
  /** A name or an address; of a throw-away server the absolute path of its socket, or of the socket's directory. */
  readonly host: string;
  readonly port: number;
  readonly tls: TlsJob;
  /** Engines whose server may have several members only: the members besides `host`. */
  readonly members?: readonly Member[];
  /** Engines whose server may have several members only: DNS lists them, in the SRV records of `host`. */
  readonly srv?: boolean;
  /** Engines whose server may have several members only: the name of their set. */
  readonly replicaSet?: string;
  /** Engines whose users belong to a database only: that database; the engine's own when left out. */
  readonly authSource?: string;
  /** With `srv` only: that database, unless `authSource` or DNS names another one. */
  readonly defaultAuthSource?: string;
}

/** Members of a server that may be dumped from. The words are those of MongoDB. */
export const READ_PREFERENCES = ['primary', 'primaryPreferred', 'secondary', 'secondaryPreferred', 'nearest'] as const;
export type ReadPreferenceJob = (typeof READ_PREFERENCES)[number];

/** Address of a database server, and the databases to dump. */
export interface ServerJob extends ServerAddress {
  /** Databases to dump; every database of the server, except its own system databases, when left out. */
  readonly databases?: readonly string[];
  /** Databases to leave out when `databases` is not given. */
  readonly excludeDatabases?: readonly string[];
  /** Engines with schemas only: schemas to dump; all when left out. */
  readonly schemas?: readonly string[];
  /** Engines with schemas only: schemas to leave out. */
  readonly excludeSchemas?: readonly string[];
  /** Engines with collections only: collections to leave out, `shop.sessions`. */
  readonly excludeCollections?: readonly string[];
  /** Engines whose server may have several members only: `secondaryPreferred` when left out. */
  readonly readPreference?: ReadPreferenceJob;
  /** Arguments appended to those of the dump tool. */
  readonly extraDumpArguments?: readonly string[];
}

/** A server in the document of a job: without an address, which is in the secret then, see {@link ENV.uri}. */
export type InDocument<S extends ServerAddress> = Omit<S, 'host' | 'port'> & Partial<Pick<S, 'host' | 'port'>>;

/** Arguments of a dump that decide what is in it: with the same, the same server gives the same dump. */
export type DumpOptions = Pick<
  ServerJob,
  'databases' | 'schemas' | 'excludeSchemas' | 'excludeCollections' | 'extraDumpArguments'
>;

/** What of a directory is backed up, by globs relative to it: see `docs/files.md`. */
export interface FilesJob {
  /** What is backed up; all when left out. */
  readonly include?: readonly string[];
  /** What is left out of that. */
  readonly exclude?: readonly string[];
  /** What may be unreadable: it is told, and fails no run. */
  readonly allowUnreadable?: readonly string[];
  /** SQLite databases that are copied by SQLite itself; all when left out. */
  readonly sqlite?: readonly string[];
}

/** The repository of restic that has the files of a source, at the prefix of its name: the name of the source. */
export interface RepositoryJob {
  /** Name of the repositories' bucket. */
  readonly bucket: string;
  /** ARN of the secret with its key, whose JSON has it by {@link REPOSITORY_KEY_FIELD}: each manifest names it. */
  readonly secret?: string;
}

/** Name of the key in the JSON of a repository's secret. */
export const REPOSITORY_KEY_FIELD = 'key';

/** Of which tables the dump takes digests: see `catalog/bucket/evidence.ts`. */
export type RowDigestsJob =
  /** From the smallest table to the largest, for at most this share of the time of the dump: 0.1 is a tenth. */
  | { readonly kind: 'share'; readonly share: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  /** Tables up to this size, as the server estimates it. */
  | { readonly kind: 'up-to'; readonly bytes: number };

/** What the dump does when its job says nothing of digests. */
export const USUAL_ROW_DIGESTS: RowDigestsJob = { kind: 'share', share: 0.1 };

/** What must hold in a database that was restored. */
export type Expectation =
  /** A statement that returns one value. Compared as texts. */
  | { readonly kind: 'equals'; readonly statement: string; readonly database?: string; readonly value: string }
  /** A statement that returns one number. */
  | { readonly kind: 'at-least'; readonly statement: string; readonly database?: string; readonly value: number }
  /** The number of tables, of all databases, is at least this. */
  | { readonly kind: 'tables'; readonly value: number };

/** One backup to make. Reaches the program as JSON in the environment variable {@link ENV.job}. */
export interface DumpJob {
  readonly action: 'dump';
  /** Name of the source, unique in its bucket, and the prefix of its keys. */
  readonly source: string;
  /** Name of the engine: one of `engines/facts.ts`. */
  readonly engine: string;
  /** Version of the server as the user stated it, for example `8.4`; engines with a server only. */
  readonly engineVersion?: string;
  /** Name of the bucket. */
  readonly bucket: string;
  /** ARN of the KMS key that encrypts the objects. */
  readonly keyArn: string;
  /** zstd level, 1 to 19. */
  readonly compressionLevel: number;
  /** Seconds after which the run stops itself and fails. */
  readonly timeoutSeconds: number;
  /** Seconds after which a lock that is not renewed counts as abandoned; 300 when left out. */
  readonly lockLeaseSeconds?: number;
  /** Directory for option files and snapshots. Must be writable. */
  readonly scratchDirectory: string;
  /** Engines with a server only. */
  readonly server?: ServerJob;
  /** Engines without a server only: absolute path of the database file, or of the directory of files. */
  readonly file?: string;
  /** Engine `files` only. */
  readonly files?: FilesJob;
  /** Engine `files` only, and not together with `encryptTo`: files go into it, and not into an archive of each backup. */
  readonly repository?: RepositoryJob;
  /** {@link USUAL_ROW_DIGESTS} when left out. */
  readonly rowDigests?: RowDigestsJob;
  /** Go with the backup: its restore tests ask them. */
  readonly expectations?: readonly Expectation[];
  /** Public keys to which the backup is encrypted: see `catalog/age/recipients.ts`. Not encrypted to anybody when left out. */
  readonly encryptTo?: readonly string[];
}

/** Into what backups of a source are restored. Reaches the program as JSON in the environment variable {@link ENV.job}. */
export interface RestoreJob {
  readonly action: 'restore';
  /** Name of the source. */
  readonly source: string;
  /** Name of the engine: one of `engines/facts.ts`. */
  readonly engine: string;
  /** Name of the bucket. */
  readonly bucket: string;
  /** Seconds after which the restore stops itself and fails. */
  readonly timeoutSeconds: number;
  /** Directory for option files and spooled objects. Must be writable. */
  readonly scratchDirectory: string;
  /** Engines with a server only: the server to restore into. */
  readonly server?: ServerAddress;
  /** Engines without a server only: absolute path of the database file, or of the directory, to restore. */
  readonly file?: string;
}

/** A job as constructs write it, and the program reads it. */
export type JobDocument =
  | (Omit<DumpJob, 'server'> & { readonly server?: InDocument<ServerJob> })
  | (Omit<RestoreJob, 'server'> & { readonly server?: InDocument<ServerAddress> })
  | MaintainJob;

/** The most connections that load at once. */
export const MAX_RESTORE_JOBS = 16;

/** One restore: which backup, what of it, and how. Reaches the program as JSON in {@link ENV.restore}. */
export interface RestoreRequest {
  readonly backupId: string;
  /** Databases of the backup to restore; all when left out. */
  readonly databases?: readonly string[];
  /**
   * Tables to restore, beside the originals: `shop.orders`; `shop.public.orders` where databases have schemas. Not together
   * with `databases`.
   */
  readonly tables?: readonly string[];
  /** Engine `files` only: globs of what is restored; all when left out. */
  readonly paths?: readonly string[];
  /**
   * The new name. For a database (only one may be chosen): its name on the target. For tables: the database, or where databases
   * have schemas the schema of the same database, to create for them. For a file or a directory: its name beside the original. The names of
   * the backup when left out, which tables cannot do.
   */
  readonly as?: string;
  /**
   * Names of the plan's targets that may be replaced. Whoever sets them has seen them in a plan, and has made a safety backup or
   * sets `safetyBackup`; nothing else that exists is ever touched.
   */
  readonly overwrite?: readonly string[];
  /**
   * With `overwrite`: absolute path of a directory into which the engine's own dump of what exists is made before it is
   * replaced. A failure of that ends the restore.
   */
  readonly safetyBackup?: string;
  /** Only looks, and logs the plan. */
  readonly dryRun?: boolean;
  /** Does not read an object completely, to verify it, before the first statement of it runs. */
  readonly stream?: boolean;
  /** How many connections load at once, where the engine can: 1 when left out. */
  readonly jobs?: number;
  /** Engines with definers only: replaces definers that do not exist by this account; `create` creates them, locked. */
  readonly definers?: { readonly create: true } | { readonly account: string };
}

/**
 * One restore test. Reaches the program as JSON in the environment variable {@link ENV.job}. All else is in the manifest of the
 * backup: its engine, the arguments of its dump, what the team expects of it.
 */
export interface ProveJob {
  readonly action: 'prove';
  /** Name of the source. */
  readonly source: string;
  readonly backupId: string;
  /** Name of the bucket. */
  readonly bucket: string;
  /** ARN of the KMS key that encrypts the verdict. */
  readonly keyArn: string;
  /** Seconds after which the test stops itself, and says nothing about the backup. */
  readonly timeoutSeconds: number;
  /** Directory for the throw-away server. Must be writable. */
  readonly scratchDirectory: string;
  /**
   * `if-allowed`: that S3 refuses the verdict is told, and is no failure of the test. `never`: it is only logged. Left out, it
   * must be stored.
   */
  readonly store?: 'if-allowed' | 'never';
}

/**
 * One maintenance of a repository: what no backup needs any more leaves it. Reaches the program as JSON in the environment variable
 * {@link ENV.job}.
 */
export interface MaintainJob {
  readonly action: 'maintain';
  /** Name of the source. */
  readonly source: string;
  /** Name of the bucket with the manifests: they say which snapshots are needed. */
  readonly bucket: string;
  readonly repository: RepositoryJob;
  /** Seconds after which the maintenance stops itself and fails. */
  readonly timeoutSeconds: number;
  /** Directory for the repository's index. Must be writable. */
  readonly scratchDirectory: string;
}

/**
 * Exit codes of the program. Those without an action are the same for all actions. 137 (killed by the kernel: out of memory,
 * or `stopTimeout` passed) cannot be caught.
 */
export const EXIT_CODES = {
  /** `dump`: a complete backup exists for this run. */
  success: 0,
  /** A defect of the program itself. */
  unexpected: 1,
  /** The job, an environment variable or a version is wrong. */
  configuration: 10,
  /** The database was not reached, its certificate could not be verified, or it refused the password. */
  connection: 11,
  /** The database user lacks a privilege that a complete dump, or the restore, needs. */
  privileges: 12,
  /** `dump`: the dump tool failed, was killed, or ended without its end marker. */
  dumpFailed: 13,
  /** `dump`: S3 or KMS refused or failed. */
  uploadFailed: 14,
  /** The run took longer than its timeout. */
  timedOut: 15,
  /** `restore`: the client failed, was killed, or what was restored is not what the backup says. */
  restoreFailed: 16,
  /** Another run of the same source holds its lock; `restore`: of the same target. */
  alreadyRunning: 17,
  /** `restore`: the target does not fit, or something is there already. Nothing was changed. */
  targetRefused: 18,
  /** `restore`: an object of the backup is missing, in an archive, or not what its manifest says; S3 or KMS refused or failed. */
  downloadFailed: 19,
  /** `prove`: the backup does not restore, or what was restored is not what was dumped. The verdict says what differs. */
  notProven: 20,
  /** `prove`: the test could not run, and says nothing about the backup; or its verdict could not be stored. */
  notTested: 21,
  /** `maintain`: the repository could not be cleaned up. No backup is lost by that. */
  maintainFailed: 22,
  /** Stopped by SIGINT (128 + 2). */
  interruptedBySigint: 130,
  /** Stopped by SIGTERM (128 + 15): a stopped task, a Spot interruption. */
  interrupted: 143,
} as const;
export type ExitCodeName = keyof typeof EXIT_CODES;

/** The name of an exit code of the program; `undefined` for any other. */
export const exitNameOf = (exitCode: number | undefined): ExitCodeName | undefined =>
  (Object.keys(EXIT_CODES) as ExitCodeName[]).find((name) => EXIT_CODES[name] === exitCode);

/**
 * Metrics of the program, written as CloudWatch embedded metric format to the log, by {@link METRICS.bucket} and
 * {@link METRICS.source}: a source's name is unique in its bucket only. With those of {@link MEASURE_METRICS} they are six
 * a source, seven with an objective, each of which costs money.
 */
export const METRICS = {
  namespace: 'ProvenBackups',
  bucket: 'Bucket',
  source: 'Source',
  /** 1 for a complete backup, 0 for a failed run. Count. */
  success: 'BackupSuccess',
  /** Seconds from start to end. */
  duration: 'BackupDuration',
  /** Bytes stored in S3. */
  size: 'BackupSize',
} as const;

/** Metrics of the measure function, in the same namespace, by bucket and source unless something else is said. */
export const MEASURE_METRICS = {
  /** Age of the newest complete backup; without one, the time since the first one was expected. Seconds. */
  age: 'BackupAge',
  /** Robust deviations of the newest backup's size from its history, signed. None before there is a history. */
  sizeDeviation: 'BackupSizeDeviation',
  /** Age of the newest proven backup; none before a restore test has passed. Seconds. */
  provenAge: 'ProvenAge',
  /**
   * What a restore of the newest proven backup takes: as measured by its test, and the retrieval from its tier. Only for sources
   * with an objective, because it costs money. Seconds.
   */
  recoveryTime: 'RecoveryTime',
  /** Sources that could not be measured. By bucket alone. Count. */
  unmeasured: 'UnmeasuredSources',
  /** Confirmed subscriptions of the topic. By bucket alone. Count. */
  subscriptions: 'ConfirmedSubscriptions',
} as const;

/**
 * Metrics of the prune handlers, in the same namespace, by {@link METRICS.bucket} alone: the log has the details of each
 * source. For snapshots of volumes the dimension is {@link PRUNE_METRICS.tag}.
 */
export const PRUNE_METRICS = {
  tag: 'SnapshotTag',
  /** Backups kept. Count. */
  kept: 'PruneKept',
  /** Backups deleted. Count. */
  deleted: 'PruneDeleted',
  /** Bytes of the deleted backups. */
  bytesFreed: 'PruneBytesFreed',
  /** Refusals, failures and damaged backups: 0 when nothing is wrong. Count. */
  problems: 'PruneProblems',
} as const;

/** Name of the container in the task definition. */
export const CONTAINER_NAME = 'backup';
/** Mount point of the scratch volume in the container. */
export const SCRATCH_DIRECTORY = '/scratch';
/** Mount point of a database file's directory, or of files, in the container: an EFS access point, or what is on an instance. */
export const DATA_DIRECTORY = '/data';
/** Path of Node.js in the image. */
export const NODE_FILE = '/opt/proven-backups/node';
/** Path of the program in the image. */
export const PROGRAM_FILE = '/opt/proven-backups/main.js';
/**
 * The command of the container that runs an action. The small semi-space makes V8 collect the buffers of a stream early: it saves 25 MiB and
 * costs no time.
 *
 * @param heapMiB most that the heap may take; what V8 takes for right when left out
 */
export const commandOf = (action: Action, heapMiB?: number): readonly string[] => [
  NODE_FILE,
  '--max-semi-space-size=1',
  ...(heapMiB === undefined ? [] : [`--max-old-space-size=${heapMiB}`]),
  PROGRAM_FILE,
  action,
];
