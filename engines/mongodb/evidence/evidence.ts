import type { MongoClient } from 'mongodb';
import { EVIDENCE_FORMAT, type InventoryObject } from '../../../catalog/bucket/evidence';
import { errorText } from '../../../task/run/errors';
import type { DumpStream, ServerContext } from '../../engine';
import { asKnown, unchanged } from '../../shared/changing';
import { evidenceStream } from '../../shared/evidence-stream';
import { askInventory } from './inventory';

/** Version of the questions of the inventory. */
const QUESTIONS = 1;

/**
 * Evidence of a dump. No server takes a snapshot that a dump and questions share, so it is asked before the first byte and after
 * the last one: what both answers say has not changed meanwhile. There are no digests: `dbHash` keeps writers waiting.
 */
export class MongodbEvidence {
  private before: readonly InventoryObject[] | undefined;

  constructor(
    private readonly context: ServerContext,
    private readonly client: MongoClient,
  ) {}

  /** Asks before the dump. Never fails. */
  async begin(databases: readonly string[]): Promise<void> {
    this.before = await this.ask(databases);
  }

  /** Asks after the dump, of the databases that it has then; nothing if the server did not answer. */
  async stream(databases: readonly string[]): Promise<DumpStream | undefined> {
    const { digests } = this.context;
    const after = this.before && (await this.ask(databases));
    if (!this.before || !after) return undefined;
    const isSame = digests.kind === 'same';
    const inventory = isSame ? asKnown(digests.evidence.inventory, after) : unchanged(this.before, after);
    const why = digests.kind === 'none' ? 'off' : 'no-snapshot';
    const undigested = inventory
      .filter(({ kind }) => !isSame && kind === 'collection')
      .map(({ name }) => ({ table: name, why }));
    return evidenceStream({
      formatVersion: EVIDENCE_FORMAT,
      questions: QUESTIONS,
      inventory: [...inventory],
      digests: [],
      undigested,
    });
  }

  /** A question that the server does not answer costs the evidence, not the backup. */
  private async ask(databases: readonly string[]): Promise<InventoryObject[] | undefined> {
    const { context, client } = this;
    return askInventory(client, databases, context.server).catch((error: unknown) => {
      const said = errorText(error);
      context.log.warn('no-evidence', `the server did not answer what the evidence is made of: ${said}`, { said });
      return undefined;
    });
  }
}
