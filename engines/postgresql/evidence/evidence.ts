import type { Client } from 'pg';
import { byObjectName, EVIDENCE_FORMAT, objectName, type Evidence } from '../../../catalog/bucket/evidence';
import type { Tool } from '../../../task/io/tool';
import { errorText } from '../../../task/run/errors';
import type { DumpStream, ServerContext } from '../../engine';
import { DigestBudget } from '../../shared/digest-budget';
import { evidenceStream } from '../../shared/evidence-stream';
import type { PostgresqlSessions } from '../connection';
import type { CountedTable } from '../row-counts';
import { takeDigests, type Digests } from './digests';
import { QUESTIONS, askInventory, askSequences, withSequences, type Asked } from './inventory';

type Objects = Evidence['inventory'];
type Sequences = Awaited<ReturnType<typeof askSequences>>;

const SHORT_WAIT = "SET LOCAL lock_timeout = '1s'";

/** The evidence of a dump: of each database an inventory and digests, in the snapshot that is dumped. */
export class PostgresqlEvidence {
  private readonly databases: DatabaseEvidence[] = [];

  constructor(
    readonly context: ServerContext,
    readonly sessions: PostgresqlSessions,
  ) {}

  /**
   * Begins with a database, before its dump tool does.
   *
   * @param client in the transaction whose snapshot the tool will see
   */
  async begin(client: Client, database: string): Promise<DatabaseEvidence> {
    const isFirst = this.databases.length === 0;
    const own = new DatabaseEvidence(this, { client, database, server: this.context.server }, isFirst);
    this.databases.push(own);
    await own.begin();
    return own;
  }

  /**
   * All of it, when all databases are dumped.
   *
   * @returns nothing if a server did not answer: the backup is complete without evidence
   */
  async stream(): Promise<DumpStream | undefined> {
    const parts: (Digests & { readonly inventory: Objects })[] = [];
    for (const database of this.databases) {
      const part = await database.end();
      if (!part) return undefined;
      parts.push(part);
    }
    const { digests } = this.context;
    const inventory = parts.flatMap((part) => part.inventory);
    const evidence: Evidence = {
      ...{ formatVersion: EVIDENCE_FORMAT, questions: QUESTIONS },
      inventory: digests.kind === 'same' ? asKnown(digests.evidence.inventory, inventory) : inventory,
      digests: parts.flatMap((part) => part.digests),
      undigested: parts.flatMap((part) => part.undigested),
    };
    return evidenceStream(evidence);
  }
}

/** The evidence of one database. */
export class DatabaseEvidence {
  private sequences: Sequences = new Map();
  private inventory: Objects | undefined;
  private digests: Digests | undefined;
  private dumped: Promise<unknown> = Promise.resolve();

  /** @param withRoles whether the roles of the server are part of it */
  constructor(
    private readonly all: PostgresqlEvidence,
    private readonly asked: Asked,
    private readonly withRoles: boolean,
  ) {}

  get name(): string {
    return this.asked.database;
  }

  /** Whoever holds a sequence is waited for by the dump tool, which says so: values that cannot be read now are not known. */
  async begin(): Promise<void> {
    const { client } = this.asked;
    await client.query(`SAVEPOINT sequences; ${SHORT_WAIT}`).catch(() => undefined);
    this.sequences = await askSequences(this.asked).catch((): Sequences => new Map());
    // A session that broke says so at the next question.
    await client.query('ROLLBACK TO SAVEPOINT sequences; RELEASE SAVEPOINT sequences').catch(() => undefined);
  }

  /**
   * Asks while the tool has its locks. Never fails.
   *
   * @param observer a session outside of any transaction
   */
  async take(tool: Tool, counts: readonly CountedTable[], observer: Client | undefined): Promise<void> {
    this.dumped = tool.exited;
    const { context } = this.all;
    const { digests, log } = context;
    // What the tool leaves out by an argument of the user, it alone knows.
    const isWhole = (this.asked.server.extraDumpArguments ?? []).length === 0;
    this.inventory = isWhole ? await this.attempt(() => askInventory(this.asked, this.withRoles)) : [];
    if (!this.inventory) return;
    const share = digests.kind === 'share' ? digests.share : undefined;
    const budget = new DigestBudget(share, tool.exited);
    const largeObjects = isWhole && this.asked.server.schemas === undefined;
    this.digests = await this.attempt(() =>
      takeDigests({ ...this.asked, ...{ observer, largeObjects, digests, log, budget } }, counts),
    );
  }

  /** After the tool has ended: nothing if the server did not answer. */
  async end(): Promise<(Digests & { readonly inventory: Objects }) | undefined> {
    const { inventory, sequences, digests } = this;
    if (!inventory || !digests) return undefined;
    await this.dumped;
    const after = await this.sequencesNow().catch((): Sequences => new Map());
    return { ...digests, inventory: withSequences(inventory, sequences, after) };
  }

  private async sequencesNow(): Promise<Sequences> {
    const { sessions } = this.all;
    const client = await sessions.connect(this.asked.database);
    try {
      await client.query(`BEGIN READ ONLY; ${SHORT_WAIT}`);
      return await askSequences({ ...this.asked, client });
    } finally {
      await sessions.disconnect(client);
    }
  }

  /** A question that the server does not answer costs the evidence, not the backup. */
  private async attempt<T>(ask: () => Promise<T>): Promise<T | undefined> {
    const { client } = this.asked;
    try {
      await client.query('SAVEPOINT evidence');
      const answer = await ask();
      await client.query('RELEASE SAVEPOINT evidence');
      return answer;
    } catch (error) {
      await client.query('ROLLBACK TO SAVEPOINT evidence').catch(() => undefined);
      const said = errorText(error);
      const message = `the server did not answer what the evidence of database ${this.asked.database} is made of: ${said}`;
      this.all.context.log.warn('no-evidence', message, { said });
      return undefined;
    }
  }
}

/**
 * Answers without what the evidence of the backup does not know: values of sequences that changed meanwhile, and the schema that
 * every database is made with.
 */
function asKnown(given: Objects, answers: Objects): Objects {
  const known = byObjectName(given);
  return answers.flatMap((object) => {
    const before = known.get(objectName(object));
    if (!before && object.kind === 'schema' && object.name.endsWith('.public')) return [];
    if (object.kind !== 'sequence' || !before || 'value' in before.facts) return object;
    const facts = Object.entries(object.facts).filter(([fact]) => fact !== 'value');
    return { ...object, facts: Object.fromEntries(facts) };
  });
}
