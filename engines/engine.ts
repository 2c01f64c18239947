/** The program's side of an engine: what each `engines/<name>/program.ts` implements. */
import type { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { Evidence } from '../catalog/bucket/evidence';
import type { Consistency, DataObject, Repository, TableCount } from '../catalog/bucket/manifest';
import type { ProofDifference } from '../catalog/bucket/verdict';
import type { Note } from '../catalog/contract/note';
import type { Manifest } from '../catalog/bucket/manifest';
import type { RestoreDifference, RestoreTarget, TargetState } from '../catalog/contract/restore';
import type {
  DumpJob,
  FilesJob,
  RestoreJob,
  RestoreRequest,
  RowDigestsJob,
  ServerAddress,
  ServerJob,
} from '../catalog/contract/task';
import type { BackupError } from '../task/run/errors';
import type { Credentials } from '../task/run/credentials';
import type { RunInputs } from '../task/run/job';
import type { Log } from '../task/run/log';

/** What opens the repositories of backups that are in one. */
export interface RepositoryAccess {
  /** Of the account that reads or writes them. */
  readonly s3: S3Client;
  /** Their key, if the run has one. */
  readonly key: string | undefined;
}

/** One engine, as the program runs it. */
export interface EngineProgram {
  createDump(context: EngineContext): EngineDump;
  createRestore(context: RestoreContext): EngineRestore;
  /** How its backups are tested. */
  readonly proof: EngineProof;
  /**
   * A helper of the engine, which runs as a process of its own: `main.js helper <engine> …`.
   *
   * @returns the exit code
   */
  helper?(args: readonly string[]): number | Promise<number>;
}

/** One dump of one source, from preflight to facts. */
export interface EngineDump {
  /** Connects, checks version and privileges; throws a BackupError before the first byte if a complete dump is impossible. */
  preflight(): Promise<void>;
  /** The streams of the dump, in order. Several may be read at once: each is judged by itself. */
  streams(): AsyncIterable<DumpStream>;
  /** After the last stream has succeeded: versions, consistency and row counts. */
  facts(): Promise<DumpFacts>;
  /** Ends all connections and processes and removes all files. Safe at any moment. */
  close(): Promise<void>;
}

/** One stream of a dump, and its judgement. */
export interface DumpStream {
  /** File name of the object, below the backup's prefix. */
  readonly file: string;
  readonly kind: DataObject['kind'];
  readonly format: DataObject['format'];
  readonly databases: readonly string[];
  readonly bytes: Readable;
  /** Sees every chunk before it is compressed. Must be quick. */
  inspect(chunk: Buffer): void;
  /** Table being dumped, if known. */
  table(): string | undefined;
  /** Resolves once all bytes were read and the dump of them is complete; rejects with a BackupError otherwise. */
  succeeded(): Promise<void>;
  /** Ends the tool and waits until it is gone. */
  stop(): Promise<void>;
}

/** Facts of a finished dump, for its manifest. */
export interface DumpFacts {
  readonly serverVersion: string;
  readonly toolVersion: string;
  readonly consistency: Consistency;
  readonly tables: readonly TableCount[];
  readonly rolePasswords?: boolean;
  /** Where the files are, of a dump that has brought them there itself. */
  readonly repository?: Repository;
}

/** The run, as an engine sees it. */
export interface EngineContext {
  readonly run: RunInputs;
  /** Of a dump into a repository. */
  readonly repository?: { readonly backupId: string; readonly access: RepositoryAccess };
  readonly log: Log;
  /** Tells something that a person must know of this backup: the log, the manifest and, when it is new, an email have it. */
  readonly note: (note: Note) => void;
  /** A directory of this run alone, mode 0700, removed at its end. */
  readonly scratch: string;
  /** Aborted when the run must stop. */
  readonly signal: AbortSignal;
  /** Whether the server is one that a restore test has filled: databases that came without a collection are none there. */
  readonly thrownAway?: true;
  /** Engine `files` only: whether the list of contents is all that is wanted. */
  readonly listOnly?: true;
  /** Of which tables digests are taken; with given evidence, of the same tables and the same samples, whatever it costs. */
  readonly digests: RowDigestsJob | { readonly kind: 'same'; readonly evidence: Evidence };
}

/** The context of an engine with a server: reading the job has checked that all parts are there. */
export interface ServerContext extends EngineContext {
  readonly job: DumpJob;
  readonly server: ServerJob;
  readonly credentials: Credentials;
}

/** Narrows the context of an engine with a server. */
export function serverContext(context: EngineContext): ServerContext {
  const { job, credentials } = context.run;
  if (!job.server || !credentials) throw new Error(`job of engine ${job.engine} without a server`);
  return { ...context, job, server: job.server, credentials };
}

/** One restore of one backup, from a look at the target to its comparison with the backup. */
export interface EngineRestore {
  /**
   * Connects, looks at the target, and throws a BackupError before anything is changed if the restore cannot succeed. What
   * exists is only reported: the program refuses it.
   */
  look(): Promise<RestoreLook>;
  /** Loads what was chosen. Throws a BackupError if anything fails; {@link EngineRestore.state} then says what is left. */
  load(): Promise<void>;
  /** Compares the target with the manifest, checks keys and views, and refreshes the planner's statistics. */
  check(): Promise<RestoreCheck>;
  /** State of the target now. Never throws. */
  state(): TargetState;
  /** Ends all connections and processes and removes all files. Safe at any moment. */
  close(): Promise<void>;
}

/** What a look at the target found. */
export interface RestoreLook {
  readonly targetVersion: string;
  readonly targets: readonly RestoreTarget[];
  /** Objects of the backup that the restore reads. */
  readonly objects: readonly DataObject[];
  /** Bytes of files that it reads from a repository. How many of them are stored compressed, nobody knows. */
  readonly repositoryBytes?: number;
  readonly atomic: boolean;
}

/** What a comparison of the target with the backup found. */
export interface RestoreCheck {
  readonly differences: readonly RestoreDifference[];
  readonly tables: number;
  readonly rows: number;
  /** Tables whose rows could not be compared exactly. */
  readonly uncompared: readonly string[];
}

/** The objects of the backup, checked against its manifest while they are read. */
export interface BackupObjects {
  /**
   * The bytes of an object, decompressed. The stream ends only if every byte was as the manifest says, and breaks with a
   * BackupError otherwise: its last 256 KiB, or all of a smaller one, are held back until that is known. May be called again,
   * for the same bytes. A reader may pause as long as it likes.
   */
  open(object: DataObject): Readable;
  /**
   * Reads and decompresses an object completely, and compares it with the manifest; does nothing if the request says `stream`.
   * For engines that cannot undo what they have loaded.
   *
   * @param see gets every decompressed chunk, whatever the request says
   */
  verify(object: DataObject, see?: (chunk: Buffer) => void): Promise<void>;
  /**
   * Stores an object, decompressed and verified, in the scratch directory; returns the path of the file.
   *
   * @throws BackupError `configuration` if there is no room for it
   */
  spool(object: DataObject): Promise<string>;
}

/** A restore, as an engine sees it. */
export interface RestoreContext {
  readonly job: RestoreJob;
  readonly request: RestoreRequest;
  readonly manifest: Manifest;
  /** Engines with a server only. */
  readonly credentials?: Credentials;
  readonly objects: BackupObjects;
  readonly access: RepositoryAccess;
  readonly log: Log;
  /** Tells something that a person must know of this restore: the log, the plan and the report have it. */
  readonly note: (note: Note) => void;
  /** Tells what is being loaded, for the progress. */
  readonly loading: (table: string | undefined) => void;
  /** A directory of this restore alone, mode 0700, removed at its end. */
  readonly scratch: string;
  /** Aborted when the restore must stop. */
  readonly signal: AbortSignal;
  /** Whether the target is a server that is thrown away afterwards: all may be made there that the backup needs. */
  readonly thrownAway?: true;
}

/** The context of a restore into a server: reading the job has checked that all parts are there. */
export interface ServerRestoreContext extends RestoreContext {
  readonly server: ServerAddress;
  readonly credentials: Credentials;
}

/** Narrows the context of a restore into a server. */
export function serverRestoreContext(context: RestoreContext): ServerRestoreContext {
  const { job, credentials } = context;
  if (!job.server || !credentials) throw new Error(`job of engine ${job.engine} without a server`);
  return { ...context, server: job.server, credentials };
}

/** The engine's part of a restore test; a restore and a dump do the rest. */
export interface EngineProof {
  createScratchServer(context: ScratchContext): ScratchServer;
  /**
   * Begins to read the sections of both dumps: first all objects of the backup, then those of the restored server, then rows.
   *
   * @param manifest of the backup that is tested, for both dumps
   */
  sections(manifest: Manifest): Sections;
}

/**
 * Reads the sections of an object of a dump.
 *
 * @param rows hears of rows, in a second pass only
 */
export type Sections = (object: DumpedObject, rows?: RowListener) => SectionReader;

/** Where a throw-away server lives. */
export interface ScratchContext {
  readonly manifest: Manifest;
  /** For what a server must know before it starts. */
  readonly objects: BackupObjects;
  readonly access: RepositoryAccess;
  /** A directory of this test alone, mode 0700, at a path short enough for a socket in it; removed at its end. */
  readonly directory: string;
  /** Memory that the server may take. Bytes. */
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Aborted when the test must stop. */
  readonly signal: AbortSignal;
}

/** How a dump and a restore reach the throw-away server: as any other. */
export interface ScratchTarget {
  /** Version of the server: `16.4`. */
  readonly serverVersion: string;
  /** Engines with a server only. The host is the absolute path of a socket, or of its directory: there is no network. */
  readonly server?: ServerAddress;
  /** Engines with a server only. */
  readonly credentials?: Credentials;
  /** Engines without a server only: absolute path of a file, or of a directory, that does not exist. */
  readonly file?: string;
  /** Engine `files` only: what of it the second dump takes. */
  readonly files?: FilesJob;
}

/** How long a statement of {@link ScratchServer.ask} may take: what takes longer, no restore test can ask. Seconds. */
export const ASK_SECONDS = 300;

/** What an engine's own check found. */
export interface ScratchCheck {
  readonly differences: readonly ProofDifference[];
  /** Objects that were checked. */
  readonly compared: number;
  /** What could not be checked, and why. */
  readonly left: readonly Left[];
  /** Rows whose keys refer to none, if loading a dump does not refuse them: the source may have had them, too. */
  readonly orphans?: readonly Orphans[];
}

/** Rows of a table that refer to rows of another which are not there: `shop.orders`, as the manifest has the names. */
export interface Orphans {
  readonly child: string;
  readonly parent: string;
  readonly rows: number;
}

/**
 * A throw-away server, of the same engine and version as the one that was dumped, in the same container: not durable, without a
 * network, its clocks stopped (events, TTL, cron), its environment free of AWS's variables.
 */
export interface ScratchServer {
  /**
   * Starts it, empty.
   *
   * @throws BackupError `notTested` if the image cannot: a program, an extension, a version is missing
   */
  start(): Promise<ScratchTarget>;
  /** The engine's own check of what was loaded: files, foreign keys without orphans, views, definers. */
  check(): Promise<ScratchCheck>;
  /**
   * The one value of a statement, as a text, asked as a user that may only read.
   *
   * @param database where; the only one of the backup if left out
   * @throws BackupError if the server refuses it, takes longer than {@link ASK_SECONDS}, or answers with anything but one value
   */
  ask(statement: string, database: string | undefined): Promise<string | null>;
  /**
   * Why it has ended by itself, which says nothing of the backup: `notTested`, with the last lines of its log. Nothing while it
   * answers. Asked when something has failed, which a server that is dying may show before it is gone; without it, failures are
   * judged by their reasons alone.
   */
  ended?(): BackupError | undefined | Promise<BackupError | undefined>;
  /** Ends it and all its processes, and waits for that. Safe at any moment. */
  close(): Promise<void>;
}

/** An object of a dump, of the backup or of the restored server. */
export type DumpedObject = Pick<DataObject, 'kind' | 'format'> & { readonly databases: readonly string[] };

/** One object's part of a dump. */
export interface Section {
  /** `rows` of a table may come in another order; a `definition` may not differ at all. */
  readonly kind: 'definition' | 'rows';
  /** Hash of all of it, normalised: equal for equal sections. */
  readonly hash: string;
  /** Of a definition: its text, the first 4 KiB of it. */
  readonly text?: string;
}

/** Cuts a dump into sections while it passes, in memory that does not grow with its rows. */
export interface SectionReader {
  /** Takes the next bytes of the dump, which do not change afterwards. */
  see(chunk: Buffer): void;
  /**
   * After the last byte: the sections by their objects, `trigger shop.orders_bi`; rows by `table shop.orders`, and its definition
   * by `definition of table shop.orders`.
   */
  end(): ReadonlyMap<string, Section>;
  /** After the end, of the backup: what has no section, so that it is not compared. */
  readonly left?: readonly Left[];
}

/** What was not compared. */
export interface Left {
  /** A word: `no-evidence`. */
  readonly why: string;
  readonly objects: readonly string[];
}

/** Hears of the rows of tables in a dump. */
export interface RowListener {
  /** Whether the rows of this section are wanted. */
  wants(section: string): boolean;
  /**
   * A row, as the dump has it, normalised.
   *
   * @param columns names, where the dump has them
   * @param values one text a column, if the engine can tell them apart; else one for all
   */
  row(section: string, columns: readonly string[] | undefined, values: readonly string[]): void;
}
