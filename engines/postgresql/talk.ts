import type { Talk } from '../../task/io/tool';

/** A notice of the server, as the driver has it. */
export interface Notice {
  /** In the server's language. */
  readonly severity?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
}

/** SQLSTATE of a notice that warns of nothing. */
const SUCCESS = '00000';

/** The lines that the tools print for a notice: those of libpq. */
function linesOf({ severity = '', message = '', detail, hint }: Notice): string[] {
  const parts = [`${severity}:  ${message}`, detail && `DETAIL:  ${detail}`, hint && `HINT:  ${hint}`];
  return parts.flatMap((part) => (part ? part.split('\n') : []));
}

/** Warnings that the server gives to our own sessions: it gives the same ones to those of the tools. */
export class HeardWarnings {
  private readonly lines = new Set<string>();

  /** @param warn is told of a warning, in the server's words */
  constructor(private readonly warn: (said: string) => void) {}

  hear(notice: Notice): void {
    if (notice.code === SUCCESS) return;
    for (const line of linesOf(notice)) this.lines.add(line);
    this.warn([notice.message, notice.hint].filter(Boolean).join(': '));
  }

  has(line: string): boolean {
    return this.lines.has(line);
  }
}

const ORPHAN =
  /^pg_dumpall: warning: (ignoring role grant (?:for|to) missing role with OID \d+|grant of role .* has invalid grantor OID \d+|found orphaned pg_auth_members entry for role .*)$/;
const WITHOUT_GRANTOR = 'pg_dumpall: detail: This grant will be dumped without GRANTED BY.';

/** Judges the standard error of `pg_dumpall`: memberships of dropped roles, which nobody can restore, are no failure. */
export class PgDumpallTalk {
  /** Memberships that are left out, or dumped without their grantor, in the tool's words. */
  readonly orphans = new Set<string>();

  constructor(private readonly heard: HeardWarnings) {}

  readonly judge: Talk = (line) => {
    const orphan = ORPHAN.exec(line)?.[1];
    if (orphan !== undefined) this.orphans.add(orphan);
    return orphan !== undefined || line === WITHOUT_GRANTOR || this.heard.has(line);
  };
}

const VERBOSE = /^pg_dump: (?:(warning|error|fatal|detail|hint): )?(?:dumping contents of table "(.+)"$|(.*))/;
const CIRCLE = /^there are circular foreign-key constraints (?:on this table|among these tables):$/;

/**
 * Judges the standard error of `pg_dump --verbose`: what it does is talk, and so are warnings of the server that our own
 * session has heard, and circles of foreign keys, which only a dump without its structure cannot restore.
 */
export class PgDumpTalk {
  /** Tables whose foreign keys refer to each other from the moment that their extension exists. */
  readonly circular = new Set<string>();
  private isInCircle = false;
  /** Within a name that has ends of lines. */
  private isInName = false;

  constructor(private readonly heard: HeardWarnings) {}

  readonly judge: Talk = (line) => {
    if (this.heard.has(line)) return true;
    const [said, level, table, rest = ''] = VERBOSE.exec(line) ?? [];
    if (said === undefined) {
      const isName = this.isInName;
      if (hasOpenQuote(line)) this.isInName = false;
      return isName;
    }
    this.isInName = level === undefined && table === undefined && hasOpenQuote(rest);
    if (level === 'warning') return (this.isInCircle = CIRCLE.test(rest));
    // Before version 15, names are indented instead.
    const isDetail = level === 'detail' || rest.startsWith('  ');
    if (isDetail && this.isInCircle) this.circular.add(rest.trim());
    // Details and hints belong to the warning before them.
    if (isDetail || level === 'hint') return this.isInCircle;
    this.isInCircle = false;
    return level === undefined && (table ?? true);
  };
}

/** Whether a name begins in a line that does not end there: it has ends of lines. */
export const hasOpenQuote = (line: string): boolean => line.split('"').length % 2 === 0;
