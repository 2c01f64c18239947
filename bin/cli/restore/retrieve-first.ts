/** Brings a backup out of an archive of S3 before it is read. */
import type { S3Client } from '@aws-sdk/client-s3';
import type { DataObject } from '../../../catalog/bucket/manifest';
import type { ChosenBackup } from '../aws/choose-backup';
import type { Price, Tier } from '../aws/retrieval';
import { archiveFacts, archiveOf, requirePrice, startRetrieval } from '../aws/retrieval';
import { EXIT } from '../errors';
import type { Output } from '../print/output';
import { costText, printArchive } from '../print/restore-plan';

/** What is to be read, and how it may be retrieved. */
export interface RetrievalWish {
  readonly client: S3Client;
  readonly bucket: string;
  readonly backup: ChosenBackup;
  readonly objects: readonly DataObject[];
  readonly tier: Tier;
  /** Asks whether to retrieve it. */
  readonly agreed: (question: string) => Promise<boolean>;
  /** Only tells what it takes. */
  readonly dryRun?: boolean;
  readonly json?: boolean;
  /** The command that goes on when it is ready. */
  readonly again: string;
}

/** What of the backup is in an archive, and what was done about it. */
export interface Retrieval extends ReturnType<typeof archiveFacts> {
  /** `needed`: only told. `declined`: a person did not want it. `under-way`: run the command again when it is ready. */
  readonly outcome: 'needed' | 'declined' | 'under-way';
  /** Of what nobody had asked for. */
  readonly price?: Price;
}

/**
 * Retrieves what is in an archive, as far as nobody has asked for it yet.
 *
 * @returns `undefined` if everything can be read now
 * @throws CommandError if AWS refuses, or has no such tier
 */
export async function retrieveFirst(wish: RetrievalWish, output: Output): Promise<Retrieval | undefined> {
  const { client, bucket, backup, objects, tier, json, again } = wish;
  const archive = await archiveOf(client, bucket, backup.folder, objects);
  if (!archive) return undefined;
  const facts = archiveFacts(archive);
  const price = facts.archived.objects > 0 ? requirePrice(archive, tier) : undefined;
  const retrieval = { ...facts, ...(price && { price }) };
  if (!json) printArchive(output, archive);
  if (wish.dryRun) return { ...retrieval, outcome: 'needed' };
  if (price) {
    const question = `Retrieve it by ${price.tier}: ready after ${price.wait}, for ${costText(price)}?`;
    if (!(await wish.agreed(question))) return { ...retrieval, outcome: 'declined' };
    await startRetrieval(client, bucket, archive, price.tier);
  }
  output.exitCode = EXIT.later;
  if (!json) {
    output.print(price ? `\nThe retrieval has begun: ready after ${price.wait}.` : '\nThe retrieval is under way.');
    output.print(`Then run: ${again}`);
  }
  return { ...retrieval, outcome: 'under-way' };
}
