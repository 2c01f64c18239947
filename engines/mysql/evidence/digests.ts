import { performance } from 'node:perf_hooks';
import type { Evidence, TableDigest } from '../../../catalog/bucket/evidence';
import type { Tool } from '../../../task/io/tool';
import { errorText } from '../../../task/run/errors';
import type { Log } from '../../../task/run/log';
import type { EngineContext } from '../../engine';
import type { MysqlDialect } from '../dialect';
import { DigestBudget } from '../../shared/digest-budget';
import { isBrokenSession, serverErrorCode } from '../failures';
import { pathName } from '../names';
import { hasSnapshots, holdsNoRows, type MysqlPlan, type MysqlTable } from '../plan';
import { isOverdue, COUNT_SECONDS } from '../row-counts';
import { rowsOf, type Session } from '../sessions';
import type { TableAnswer } from './inventory';
import { keyOn, rangeKeyOf, within } from './key-ranges';
import { RowSums, Unsure, type RowSum } from './row-sums';

/** What digests need to know. */
export interface DigestContext {
  readonly digests: EngineContext['digests'];
  readonly dialect: MysqlDialect;
  readonly plan: Pick<MysqlPlan, 'tables' | 'history'>;
  readonly log: Log;
}

/** The digests of a dump: taken after the counts, in their snapshot. */
export class Digests {
  readonly taken: TableDigest[] = [];
  private readonly left = new Map<string, string>();
  private readonly began = performance.now();
  /** Bytes of the smallest table whose rows take longer than any statement may. */
  private tooLarge = Infinity;

  /** @param tables what the server said of them */
  constructor(
    private readonly context: DigestContext,
    private readonly tables: readonly TableAnswer[],
  ) {
    for (const table of context.plan.tables) if (!holdsNoRows(table)) this.left.set(nameOf(table), 'no-snapshot');
  }

  /** Tables without a digest, and why. */
  get undigested(): Evidence['undigested'] {
    return [...this.left].map(([table, why]) => ({ table, why }));
  }

  /** Whether nobody else changes anything: any session sees the same. */
  get isQuiet(): boolean {
    return this.context.digests.kind === 'same';
  }

  /**
   * Takes the digests in the snapshot of a session. Never fails: what the server does not answer has no digest.
   */
  async take(session: Session, tool: Tool): Promise<void> {
    const { digests } = this.context;
    const share = digests.kind === 'share' ? digests.share : undefined;
    const budget = new DigestBudget(share, tool.exited, this.began);
    try {
      await rowsOf(session, "SET SESSION time_zone = '+00:00'");
      await rowsOf(session, 'SAVEPOINT digested');
      const sums = new RowSums(session, this.context.dialect.limitTime, this.context.plan.history);
      for (const table of this.wanted()) {
        // Somebody may end a session that is idle.
        if (!(await budget.allows(1, () => rowsOf(session, 'DO 0')))) break;
        await budget.spend(() => this.takeOne(sums, table, budget.left));
      }
    } catch (error) {
      const said = errorText(error);
      this.context.log.warn('digests-ended', `the server ended the digests of rows, which are not complete: ${said}`, {
        said,
      });
    }
  }

  /** Tables in the order of their sizes; what is not among them is left with the reason. */
  private wanted(): readonly TableAnswer[] {
    const { digests, plan } = this.context;
    const kept = new Set(plan.tables.filter((table) => this.isQuiet || hasSnapshots(table)).map(nameOf));
    const able = this.tables.filter((table) => kept.has(nameOf(table)) && this.left.has(nameOf(table)));
    const known = new Set(digests.kind === 'same' ? digests.evidence.digests.map(({ table }) => table) : []);
    const isWanted = (table: TableAnswer) => {
      if (digests.kind === 'same') return known.has(nameOf(table));
      if (digests.kind === 'up-to') return table.bytes <= digests.bytes;
      return digests.kind !== 'none';
    };
    for (const table of able) this.left.set(nameOf(table), digests.kind === 'none' ? 'off' : 'budget');
    return able.filter(isWanted).sort((a, b) => a.bytes - b.bytes);
  }

  private async takeOne(sums: RowSums, table: TableAnswer, leftMs: number): Promise<void> {
    const name = nameOf(table);
    try {
      this.taken.push({ table: name, ...(await this.sumOf(sums, table, leftMs)) });
      this.left.delete(name);
    } catch (error) {
      if (!(error instanceof Unsure) && isBrokenSession(error)) throw error;
      if (isOverdue(error)) return;
      this.left.set(name, 'unsupported');
      const said = error instanceof Unsure ? 'a value is too long' : errorText(error);
      this.context.log.info('no-digest', `the server takes no digest of table ${name}: ${said}`, {
        code: serverErrorCode(error),
      });
    }
  }

  /** Who changes the table waits for a statement, and everybody behind that change: no longer than for a count. */
  private async sumOf(sums: RowSums, table: TableAnswer, leftMs: number): Promise<RowSum> {
    const { digests } = this.context;
    const key = rangeKeyOf(table);
    if (digests.kind === 'same') {
      const sample = digests.evidence.digests.find((digest) => digest.table === nameOf(table))?.sample;
      if (!sample) return sums.whole(table, undefined);
      const where = within(keyOn(table, sample.column), sample.ranges);
      return { ...(await sums.whole(table, undefined, where)), sample };
    }
    if (digests.kind !== 'share') return key ? sums.inParts(table, key) : sums.whole(table, COUNT_SECONDS);
    if (key && table.bytes >= this.tooLarge) return sums.sampled(table, key);
    const seconds = Math.min(COUNT_SECONDS, Math.ceil(leftMs / 1000));
    try {
      return await sums.whole(table, seconds);
    } catch (error) {
      if (!isOverdue(error) || !key) throw error;
      if (seconds === COUNT_SECONDS) this.tooLarge = table.bytes;
      return sums.sampled(table, key);
    }
  }
}

const nameOf = ({ database, name }: Pick<MysqlTable, 'database' | 'name'>): string => pathName(database, name);
