/** The shape of an engine's advice. Free of dependencies: handlers read it. */
import type { DataObject, Manifest } from '../catalog/bucket/manifest';
import type { CommonReason, ReasonValues } from '../catalog/contract/failure';
import type { Note } from '../catalog/contract/note';

/** A step: an instruction, and the statement, command or page for it. */
export interface AdviceStep {
  readonly say: string;
  readonly run?: string;
}

/** Steps that depend on the values of a reason. Every value comes from outside: quote it where it is used. */
export type EngineSteps = (values: ReasonValues) => readonly AdviceStep[];

/** Data that may be lost, so that a backup brings it back. */
export interface LostData {
  /** Tables by their names in the backup, which may leave out what is clear without it. */
  readonly tables?: readonly string[];
  /** The database that is damaged; a reader names it otherwise. Files have none. */
  readonly database?: string | undefined;
  /** Whether the database does not exist any more, so that it can be restored under its own name. */
  readonly isGone?: true;
}

/** Advice about a reason that only one engine has. */
export interface EngineReasonAdvice {
  /** The event, without the values: `the server admits no connection from the task's address`. */
  readonly title: string;
  /** The same with the values; the title when left out. */
  readonly happened?: (values: ReasonValues) => string;
  readonly likelyCause: string;
  /** The remedy, in one sentence. */
  readonly action: string;
  readonly steps: EngineSteps;
  /** The data that may be lost; nothing is advised to be restored when left out. */
  readonly lost?: (values: ReasonValues) => LostData | undefined;
}

/** The words of a note. Every value comes from outside: quote it where it is used. */
export interface NoteAdvice {
  /** The note without its values, as the end of a subject: `characters that a dump changes`. */
  readonly title: string;
  /** One sentence: what was found, and what it means for a restore. The log, emails and `list` show it. */
  readonly happened: (note: Note) => string;
  /** What to do; empty if a restore needs nothing. */
  readonly steps: (note: Note) => readonly AdviceStep[];
}

/**
 * The steps that restore a backup by hand, with the engine's own client, from files that lie in the current folder.
 *
 * @param read makes the command that writes an object, decompressed, to standard output
 */
export type RestoreSteps = (manifest: Manifest, read: (object: DataObject) => string) => readonly AdviceStep[];

/** Advice of an engine about failures, notes and restoring. */
export interface EngineAdvice<Own extends string = string, NoteKind extends string = string> {
  /** `-starttls` of `openssl s_client`; left out if the server speaks TLS from the first byte, or has no network. */
  readonly starttls?: string;
  /** Steps beside the general ones, by common reason. */
  readonly common: Readonly<Partial<Record<CommonReason, EngineSteps>>>;
  /** Advice about each of the engine's own reasons. */
  readonly own: Readonly<Record<Own, EngineReasonAdvice>>;
  /** Steps that restore a backup without this package. */
  readonly restore: RestoreSteps;
  /**
   * The packages of Debian that bring what an image lacks: `extension postgis`; `undefined` if that is not known.
   *
   * @param version major version of the server
   */
  readonly packageOf?: (object: string, version: string) => string | undefined;
  /** Words for each of the engine's notes. */
  readonly notes: Readonly<Record<NoteKind, NoteAdvice>>;
}
