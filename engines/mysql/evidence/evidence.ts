import { EVIDENCE_FORMAT } from '../../../catalog/bucket/evidence';
import { errorText } from '../../../task/run/errors';
import type { DumpStream } from '../../engine';
import { evidenceStream } from '../../shared/evidence-stream';
import type { MysqlPlan } from '../plan';
import type { Query } from '../restore/query';
import { asKnown, unchanged } from '../../shared/changing';
import { Digests, type DigestContext } from './digests';
import { readAnswers, type Answers } from './inventory';
import { QUESTIONS } from './questions';

/** What evidence needs to know. */
export interface EvidenceContext extends DigestContext {
  readonly plan: MysqlPlan;
}

/** The evidence of a dump: an inventory before it and one after it, and digests in its snapshot. */
export class MysqlEvidence {
  readonly digests: Digests;

  private constructor(
    private readonly context: EvidenceContext,
    private readonly before: Answers,
  ) {
    this.digests = new Digests(context, before.tables);
  }

  /**
   * Asks for the inventory before the dump begins.
   *
   * @returns nothing if the server does not answer: the backup is made without evidence
   */
  static async begin(query: Query, context: EvidenceContext): Promise<MysqlEvidence | undefined> {
    const before = await attempt(context, () => readAnswers(query, context.plan));
    return before && new MysqlEvidence(context, before);
  }

  /**
   * Asks once more, after the dump, and makes the evidence.
   *
   * @param inSession asks in a session of its own
   * @returns nothing if the server does not answer
   */
  async end(inSession: <T>(ask: (query: Query) => Promise<T>) => Promise<T>): Promise<DumpStream | undefined> {
    const { digests, plan } = this.context;
    const inventory = await attempt(this.context, async () =>
      digests.kind === 'same'
        ? asKnown(digests.evidence.inventory, this.before.inventory)
        : unchanged(
            this.before.inventory,
            (await inSession((query) => readAnswers(query, plan, this.before))).inventory,
          ),
    );
    if (!inventory) return undefined;
    const { taken, undigested } = this.digests;
    return evidenceStream({
      ...{ formatVersion: EVIDENCE_FORMAT, questions: QUESTIONS },
      ...{ inventory: [...inventory], digests: taken, undigested },
    });
  }
}

async function attempt<T>({ log }: EvidenceContext, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const said = errorText(error);
    log.warn('no-evidence', `the backup has no evidence: the server did not answer what it is made of: ${said}`, {
      said,
    });
    return undefined;
  }
}
