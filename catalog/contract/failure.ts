/**
 * Why a run failed, as facts: what the program knows, and what a handler turns into advice. The line `failed` of a run's log
 * has them besides the sentence for people. Free of dependencies.
 */
import type { Action, ExitCodeName } from './task';

/** The facts of a reason. Only what is known is there; nothing in it is a secret. */
export interface ReasonValues {
  readonly host?: string;
  readonly port?: number;
  /** The database user, as the engine names it: `backup@%`, `backup`. */
  readonly account?: string;
  readonly database?: string;
  /** A table, file, tool or another object, as the engine or the system names it. Several are separated by commas. */
  readonly object?: string;
  /** Missing privileges: `TRIGGER`, `SELECT on shop.orders`. */
  readonly privileges?: readonly string[];
  /** Statements that repair it, each of them complete, to be run as an administrator, in `database` if that is given. */
  readonly statements?: readonly string[];
  /** ARN of a KMS key. */
  readonly key?: string;
  /** The words of the server, the tool or AWS, without the program's own. */
  readonly said?: string;
}

/** Why a run failed. */
export interface Reason<Kind extends string = string> extends ReasonValues {
  /** A word of a closed list: {@link COMMON_REASONS}, or the reasons of the engine (`engines/<name>/facts.ts`). */
  readonly kind: Kind;
}

/** Reasons that do not depend on the engine. */
export const COMMON_REASONS = [
  // configuration
  'job-invalid',
  'variable-invalid',
  'engine-mismatch',
  'version-mismatch',
  'tool-too-old',
  'tool-missing',
  'database-unknown',
  'no-database',
  'scratch-not-writable',
  'manifest-too-large',
  // connection
  'host-unknown',
  'name-server-silent',
  'nothing-listens',
  'no-answer',
  'connection-lost',
  'not-ready',
  'certificate-expired',
  'certificate-name',
  'certificate-untrusted',
  'certificate-self-signed',
  'tls-not-offered',
  'login-refused',
  'no-connection-left',
  // privileges
  'privileges-missing',
  // dumpFailed
  'tool-killed',
  'tool-failed',
  'dump-incomplete',
  'count-failed',
  // uploadFailed
  'key-denied',
  'key-unusable',
  'bucket-missing',
  's3-not-reached',
  's3-failed',
  's3-refused',
  'dump-too-large',
  'lock-lost',
  // timedOut, alreadyRunning, interrupted, unexpected
  'timed-out',
  'already-running',
  'interrupted',
  'fault-of-the-program',
  /** None of the others: the sentence has all that is known. */
  'other',
] as const;
export type CommonReason = (typeof COMMON_REASONS)[number];

/** Reasons that only restores have. Whoever started one reads its sentence: no email has advice for them. */
export const RESTORE_REASONS = [
  // configuration
  'backup-unknown',
  'manifest-damaged',
  'table-unknown',
  'name-invalid',
  /** What was given is no private key, or one that cannot be used. */
  'identity-unusable',
  'scratch-full',
  'directory-not-writable',
  // downloadFailed
  'object-missing',
  'object-archived',
  'object-changed',
  'read-denied',
  /** It is encrypted, and no private key was given, or none of its recipients. */
  'identity-missing',
  'identity-wrong',
  // targetRefused
  'target-exists',
  'target-too-old',
  'target-lacks',
  'target-in-use',
  // restoreFailed
  'target-full',
  'client-failed',
  'restore-differs',
] as const;
export type RestoreReason = (typeof RESTORE_REASONS)[number];

/** Reasons for which a restore test could not run, besides the others. */
export const PROVE_REASONS = [
  /** The image lacks an extension, a program, a version, a locale: `object` names it. */
  'image-lacks',
  /** The disk of the task is too small for the restored server. */
  'disk-too-small',
  /** The throw-away server did not start, did not answer, or ended by itself. */
  'scratch-server',
  /** The engine, or the format of the backup, is one of a newer version. */
  'not-supported',
  // notProven
  'not-proven',
] as const;
export type ProveReason = (typeof PROVE_REASONS)[number];

/** The line `failed` of a run's log. */
export interface FailedLine {
  readonly event: 'failed';
  readonly action: Action;
  /** Known once the program has read its job. */
  readonly source?: string;
  readonly engine?: string;
  /** For people. */
  readonly message: string;
  readonly exit: Exclude<ExitCodeName, 'success'>;
  readonly exitCode: number;
  readonly reason: Reason;
}
