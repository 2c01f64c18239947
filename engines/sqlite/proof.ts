import { basename, join } from 'node:path';
import type { Manifest } from '../../catalog/bucket/manifest';
import type { ProofDifference } from '../../catalog/bucket/verdict';
import { BackupError } from '../../task/run/errors';
import {
  ASK_SECONDS,
  type EngineProof,
  type ScratchCheck,
  type ScratchContext,
  type ScratchServer,
  type ScratchTarget,
} from '../engine';
import type { Answer, Question } from './ask';
import { Helper } from './helper';
import { PageSections } from './pages';
import type { Preparation, PrepareResult } from './place';

const SERVER_FAILED = { exit: 'notTested', kind: 'scratch-server' } as const;

/** What a backup calls its database: the name of its file. */
const databaseOf = ({ objects }: Manifest): string =>
  basename(objects.find(({ format }) => format === 'sqlite')?.databases[0] ?? 'database');

/** Restore tests of SQLite, whose server is a file. */
export const SQLITE_PROOF: EngineProof = {
  createScratchServer: (context) => new ScratchFile(context),
  sections: (manifest) => () => new PageSections(databaseOf(manifest)),
};

class ScratchFile implements ScratchServer {
  private readonly file: string;
  private readonly database: string;
  private readonly helpers = new Set<Helper>();

  constructor(private readonly context: ScratchContext) {
    this.database = databaseOf(context.manifest);
    this.file = join(context.directory, this.database);
  }

  start(): Promise<ScratchTarget> {
    return Promise.resolve({ serverVersion: process.versions.sqlite ?? '', file: this.file });
  }

  /** Damage, and rows that the schema forbids and did not in the source. */
  async check(): Promise<ScratchCheck> {
    const preparation: Preparation = { file: this.file, wal: false };
    const result = await this.help<PrepareResult>('prepare', preparation);
    if ('failure' in result) {
      const { kind, said } = result.failure;
      if (kind !== 'damaged')
        throw new BackupError('notTested', `could not check ${this.database}: ${said}: run the test again`, {
          ...{ kind: 'scratch-server', object: this.database, said },
        });
      return { differences: [{ ...invalid(this.database), said }], compared: 1, left: [] };
    }
    const { tables, notes } = result.report;
    const known = (this.context.manifest.notes ?? []).filter(({ kind }) => kind === 'constraint-violations');
    // A note may name the first of many only.
    const isCut = known.some(({ count }) => count !== undefined);
    const before = new Set(known.flatMap(({ objects = [] }) => objects));
    const of = (wanted: string) => notes.filter(({ kind }) => kind === wanted).flatMap(({ objects }) => objects);
    const forbidden = of('constraint-violations').filter((table) => !isCut && !before.has(table));
    // Virtual tables, which are none of `tables`, are in it too.
    const unchecked = of('not-checked');
    return {
      differences: forbidden.map((table) => invalid(`${this.database}.${table}`)),
      compared: tables.filter(({ name }) => !unchecked.includes(name)).length,
      left: unchecked.length === 0 ? [] : [{ why: 'application-only', objects: unchecked }],
    };
  }

  async ask(statement: string): Promise<string | null> {
    const answer = await this.help<Answer>('ask', { file: this.file, statement } satisfies Question, ASK_SECONDS);
    if ('value' in answer) return answer.value;
    throw new BackupError('notProven', `the restored database refused a statement: ${answer.refused}`, {
      ...{ kind: 'not-proven', object: this.database, said: answer.refused },
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.helpers].map((helper) => helper.stop()));
  }

  private async help<T>(step: string, argument: object, limitSeconds?: number): Promise<T> {
    const { signal } = this.context;
    signal.throwIfAborted();
    const helper = new Helper([step, JSON.stringify(argument)], SERVER_FAILED);
    this.helpers.add(helper);
    let late = false;
    const timer = limitSeconds && setTimeout(() => void ((late = true), helper.stop()), 1000 * limitSeconds);
    try {
      return await helper.result<T>();
    } catch (error) {
      signal.throwIfAborted();
      if (!late) throw error;
      throw new BackupError('notProven', `a statement took longer than ${limitSeconds} seconds: make it cheaper`, {
        ...{ kind: 'not-proven', object: this.database },
      });
    } finally {
      clearTimeout(timer);
      this.helpers.delete(helper);
    }
  }
}

const invalid = (object: string): ProofDifference => ({ check: 'engine', object: `table ${object}`, kind: 'invalid' });
