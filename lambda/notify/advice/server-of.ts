import type { Facts, Step } from './steps';
import { oneLine } from '../compose/text';

/** The server that a run could not connect to, as the sentence names it. */
export interface Server {
  readonly host?: string;
  readonly port?: string;
  /** What the server or the network said. */
  readonly said: string;
  /** Name of the database user, where it is named. */
  readonly user?: string;
  readonly isPostgresql: boolean;
}

const SENTENCE = /^could not connect to (\S+):(\d{1,5}): ([^]*)$/;

/** What the sentence of a run says of its server. */
export function serverOf({ problem }: Pick<Facts, 'problem'>): Server {
  const text = oneLine(problem.sentence);
  const [, host, port, rest] = SENTENCE.exec(text) ?? [];
  const user = /\buser '([^']+)'@/.exec(text)?.[1] ?? /\b(?:user|role) "([^"]+)"/.exec(text)?.[1];
  const engine = problem.newest?.engine ?? '';
  const isPostgresql = /^postgres/i.test(engine) || (!/^(?:mysql|mariadb)/i.test(engine) && isOfPostgresql(text, port));
  return {
    ...(host !== undefined && { host: host.replace(/^\[|\]$/g, ''), port: port! }),
    ...{ said: rest ?? text, isPostgresql },
    ...(user !== undefined && /^[\w.-]+$/.test(user) && { user }),
  };
}

const isOfPostgresql = (text: string, port: string | undefined): boolean =>
  /pg_hba|\brole "|\bdatabase "|too many clients/.test(text) || port === '5432';

/** One way why a run does not get to its database. */
export interface ConnectionKind {
  /** In a few words, for a heading. */
  readonly name: string;
  /** What the sentence says then. */
  readonly says: RegExp;
  readonly likelyCause: string;
  readonly steps: (facts: Facts, server: Server) => readonly Step[];
}

/** Shows databases of RDS: where they are, and what else is asked for. */
export const rdsInstances = ({ aws }: Facts, say: string, what: string): Step => ({
  say,
  run: aws('rds describe-db-instances', `--query "DBInstances[].[DBInstanceIdentifier,Endpoint.Address,${what}]"`),
});
