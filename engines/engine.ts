/** The program's side of an engine: what each `engines/<name>/program.ts` implements. */
import type { Readable } from 'node:stream';
import type { Consistency, DataObject, TableCount } from '../catalog/bucket/manifest';
import type { Note } from '../catalog/contract/note';
import type { Manifest } from '../catalog/bucket/manifest';
import type { RestoreDifference, RestoreTarget, TargetState } from '../catalog/contract/restore';
import type { DumpJob, RestoreJob, RestoreRequest, ServerAddress, ServerJob } from '../catalog/contract/task';
import type { Credentials, RunInputs } from '../task/run/job';
import type { Log } from '../task/run/log';

/** One engine, as the program runs it. */
export interface EngineProgram {
  createDump(context: EngineContext): EngineDump;
  createRestore(context: RestoreContext): EngineRestore;
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
}

/** The run, as an engine sees it. */
export interface EngineContext {
  readonly run: RunInputs;
  readonly log: Log;
  /** Tells something that a person must know of this backup: the log, the manifest and, when it is new, an email have it. */
  readonly note: (note: Note) => void;
  /** A directory of this run alone, mode 0700, removed at its end. */
  readonly scratch: string;
  /** Aborted when the run must stop. */
  readonly signal: AbortSignal;
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
  readonly atomic: boolean;
}

/** What a comparison of the target with the backup found. */
export interface RestoreCheck {
  readonly differences: readonly RestoreDifference[];
  readonly tables: number;
  readonly rows: number;
  /** Tables whose rows the manifest does not know exactly. */
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
   */
  verify(object: DataObject): Promise<void>;
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
  readonly log: Log;
  /** Tells something that a person must know of this restore: the log, the plan and the report have it. */
  readonly note: (note: Note) => void;
  /** Tells what is being loaded, for the progress. */
  readonly loading: (table: string | undefined) => void;
  /** A directory of this restore alone, mode 0700, removed at its end. */
  readonly scratch: string;
  /** Aborted when the restore must stop. */
  readonly signal: AbortSignal;
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
