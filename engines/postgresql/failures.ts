import { DatabaseError } from 'pg';
import type { ReasonValues } from '../../catalog/contract/failure';
import type { ToolFailure } from '../../task/io/tool';
import { BackupError, errorCode, errorText } from '../../task/run/errors';

const PRIVILEGE_TEXT = /permission denied|row-level security/;
/** The standby's SQLSTATE: a transaction that only reads has no other reason for it. The tools do not tell it, nor do later versions. */
const CONFLICT_CODE = '40001';
const CONFLICT_TEXT = /due to conflict with recovery/;
const CONFLICT: ToolFailure = {
  ...{ exit: 'dumpFailed', kind: 'standby-conflict', passing: true },
  advice:
    'the standby had to apply changes that the dump was in the way of: set hot_standby_feedback = on there, raise max_standby_streaming_delay, or back up the primary server',
};

/** Dropped or renamed since the snapshot. Words with numbers come out of functions of the server. */
const CHANGED_TEXT = /(?:relation|schema) .* does not exist|could not open relation with OID|cache lookup failed for/;
const CHANGED_CODES = ['42P01', '3F000'];
const CHANGED: ToolFailure = {
  ...{ exit: 'dumpFailed', kind: 'table-changed', passing: true },
  advice: 'a table was changed or dropped during the dump: run it again, or schedule it away from migrations',
};

/** Somebody dropped it after the run had chosen it. */
const DROPPED_TEXT = /FATAL: +database ".*" does not exist/;
const DROPPED: ToolFailure = {
  ...{ exit: 'connection', kind: 'database-missing', passing: true },
  advice: 'the database was dropped while the run was under way',
};

/** A table was emptied or rewritten since the snapshot, which shows its rows no longer. */
export class TableChangedError extends Error {
  constructor() {
    super('TRUNCATE or another statement has replaced its file since the snapshot');
  }
}

/** Another server's words for the snapshot of the counting session: the second ones from version 17 on. */
const OTHER_SERVER_TEXT = /invalid snapshot identifier|snapshot ".*" does not exist/;
const OTHER_SERVER: ToolFailure = {
  ...{ exit: 'dumpFailed', kind: 'pooler' },
  advice:
    'host and port lead to several servers, or to a pooler: give those of one server; or the session that counts was ended',
};

/** The server's words for a row whose text is longer than the 1 GiB that it can hold; the second ones from version 17 on. */
const TOO_LONG_TEXT = /invalid memory alloc request size|Cannot enlarge string buffer|exceeds maximum allowed length/;

/**
 * The meaning of what a tool complains of.
 *
 * @param table `schema.table` that was under way
 */
export function toolFailure(complaints: string, table?: string): ToolFailure | undefined {
  if (PRIVILEGE_TEXT.test(complaints)) return { exit: 'privileges', kind: 'privileges-missing' };
  if (table !== undefined && TOO_LONG_TEXT.test(complaints))
    return {
      ...{ exit: 'dumpFailed', kind: 'row-too-long', object: table },
      advice: `a row of ${table} is longer than 1 GiB as text, which no server can send (a bytea takes twice its size): shorten the row, or leave the table out by --exclude-table=${table}`,
    };
  if (OTHER_SERVER_TEXT.test(complaints)) return OTHER_SERVER;
  if (DROPPED_TEXT.test(complaints)) return DROPPED;
  if (CHANGED_TEXT.test(complaints)) return CHANGED;
  return CONFLICT_TEXT.test(complaints) ? CONFLICT : undefined;
}

const UNCOUNTED: ToolFailure = { exit: 'dumpFailed', kind: 'count-failed' };

/**
 * The failure of a question of the counting session.
 *
 * @param sentence what could not be done
 */
export function countFailure(error: unknown, sentence: string, values: ReasonValues): BackupError {
  const said = errorText(error);
  const isConflict = errorCode(error) === CONFLICT_CODE || CONFLICT_TEXT.test(said);
  const isChanged =
    error instanceof TableChangedError || CHANGED_CODES.includes(errorCode(error) ?? '') || CHANGED_TEXT.test(said);
  const { kind, passing, advice }: ToolFailure = isConflict ? CONFLICT : isChanged ? CHANGED : UNCOUNTED;
  return new BackupError(
    'dumpFailed',
    `${sentence}: ${said}${advice === undefined ? '' : ` (${advice})`}`,
    { kind, ...values, said },
    { cause: error, passing },
  );
}

/** Whether an error is the server's answer to a statement, and not the end of a session or its server (class 57P). */
export const isAnswer = (error: unknown): boolean => error instanceof DatabaseError && !error.code?.startsWith('57P');
