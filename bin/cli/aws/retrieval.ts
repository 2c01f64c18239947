/** Retrieves the objects of a backup from the archives of S3, from which nothing can be read at once. */
import type { S3Client } from '@aws-sdk/client-s3';
import { HeadObjectCommand, RestoreObjectCommand } from '@aws-sdk/client-s3';
import type { StoredFolder } from '../../../catalog/bucket/inventory';
import type { DataObject } from '../../../catalog/bucket/manifest';
import { CommandError } from '../errors';
import { sum } from '../sum';
import { ask } from './aws';

/** How fast a retrieval is. */
export const TIERS = ['bulk', 'standard', 'expedited'] as const;
export type Tier = (typeof TIERS)[number];

/** What a retrieval takes. */
export interface Offer {
  readonly wait: string;
  /** USD for a GB, and for 1000 objects. */
  readonly perGigabyte: number;
  readonly perThousand: number;
}

/**
 * The archives, with what each tier takes. List prices of us-east-1, November 2026.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html, https://aws.amazon.com/s3/pricing/
 */
const ARCHIVES: Readonly<Record<string, Readonly<Partial<Record<Tier, Offer>>> & { readonly standard: Offer }>> = {
  GLACIER: {
    bulk: { wait: '5 to 12 hours', perGigabyte: 0, perThousand: 0 },
    standard: { wait: '3 to 5 hours', perGigabyte: 0.01, perThousand: 0.05 },
    expedited: { wait: '1 to 5 minutes', perGigabyte: 0.03, perThousand: 10 },
  },
  DEEP_ARCHIVE: {
    bulk: { wait: '48 hours', perGigabyte: 0.0025, perThousand: 0.025 },
    standard: { wait: '12 hours', perGigabyte: 0.02, perThousand: 0.1 },
  },
};
/** Days for which S3 keeps the copy, and what Standard, where it lies, costs a GB and month. */
export const COPY_DAYS = 3;
const STANDARD_MONTH = 0.023;
const GIGABYTE = 1024 ** 3;

/** Storage classes from which a restore has to wait, the colder one last. */
export const ARCHIVE_CLASSES: readonly string[] = Object.keys(ARCHIVES);

/** How long a restore waits for a storage class, by the tier `standard`; `undefined` if it does not. */
export const restoreWaitOf = (storageClass: string): string | undefined =>
  Object.hasOwn(ARCHIVES, storageClass) ? ARCHIVES[storageClass]!.standard.wait : undefined;

/** An object in an archive. */
export interface ArchivedObject {
  readonly key: string;
  readonly bytes: number;
  readonly storageClass: string;
  /** `ready`: a copy can be read now. */
  readonly state: 'archived' | 'under-way' | 'ready';
}

/** The objects of a backup that are in an archive. */
export interface Archive {
  readonly objects: readonly ArchivedObject[];
}

const inState = ({ objects }: Archive, state: ArchivedObject['state']): readonly ArchivedObject[] =>
  objects.filter((object) => object.state === state);

/** What `--json` says of an archive. */
export function archiveFacts(archive: Archive) {
  const total = (state: ArchivedObject['state']) => {
    const objects = inState(archive, state);
    return { objects: objects.length, bytes: sum(objects, ({ bytes }) => bytes) };
  };
  return { archived: total('archived'), underWay: total('under-way'), ready: total('ready') };
}

/**
 * Looks which objects of a backup have to be retrieved.
 *
 * @returns `undefined` if all can be read now
 * @throws CommandError if AWS refuses
 */
export async function archiveOf(
  client: S3Client,
  bucket: string,
  { data }: Pick<StoredFolder, 'data'>,
  objects: readonly Pick<DataObject, 'key' | 'bytes'>[],
): Promise<Archive | undefined> {
  const classes = new Map(data.map(({ key, storageClass }) => [key, storageClass]));
  const archived: ArchivedObject[] = [];
  for (const { key, bytes } of objects) {
    const storageClass = classes.get(key) ?? '';
    if (!ARCHIVE_CLASSES.includes(storageClass)) continue;
    const wish = { doing: `look at ${key} in bucket ${bucket}`, action: 's3:GetObject' };
    const { Restore } = await ask(wish, () => client.send(new HeadObjectCommand({ Bucket: bucket, Key: key })));
    archived.push({ key, bytes, storageClass, state: stateOf(Restore) });
  }
  return archived.every(({ state }) => state === 'ready') ? undefined : { objects: archived };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html: the header `x-amz-restore` */
const stateOf = (restore: string | undefined): ArchivedObject['state'] =>
  restore === undefined ? 'archived' : restore.includes('ongoing-request="true"') ? 'under-way' : 'ready';

/** What a retrieval of all that is still archived takes. */
export interface Price {
  readonly tier: Tier;
  readonly wait: string;
  /** With the copies, for {@link COPY_DAYS}. */
  readonly usd: number;
}

/**
 * What a tier takes for the objects that nobody has asked for yet.
 *
 * @returns `undefined` if one of their archives has no such tier
 */
function priceOf(archive: Archive, tier: Tier): Price | undefined {
  const objects = inState(archive, 'archived');
  // The coldest decides how long it takes.
  const coldest = ARCHIVE_CLASSES.findLast((name) => objects.some(({ storageClass }) => storageClass === name));
  const offers = objects.map(({ storageClass, bytes }) => ({ bytes, offer: ARCHIVES[storageClass]![tier] }));
  if (coldest === undefined || offers.some(({ offer }) => offer === undefined)) return undefined;
  const usd = sum(offers, ({ bytes, offer }) => {
    const gigabytes = bytes / GIGABYTE;
    return (
      gigabytes * offer!.perGigabyte +
      offer!.perThousand / 1000 +
      (gigabytes * STANDARD_MONTH * COPY_DAYS) / (365.25 / 12)
    );
  });
  return { tier, wait: ARCHIVES[coldest]![tier]!.wait, usd };
}

/** What each tier takes; only those that the archives have. */
export const pricesOf = (archive: Archive): readonly Price[] =>
  TIERS.flatMap((tier) => {
    const price = priceOf(archive, tier);
    return price ? [price] : [];
  });

/**
 * The price of a tier.
 *
 * @throws CommandError if an archive of the objects has no such tier
 */
export function requirePrice(archive: Archive, tier: Tier): Price {
  const price = priceOf(archive, tier);
  if (price) return price;
  const others = pricesOf(archive).map((one) => one.tier);
  throw new CommandError(
    `DEEP_ARCHIVE has no ${tier} retrieval: choose --tier ${others.join(' or ')}: see docs/storage-tiers.md#storage-classes`,
  );
}

/**
 * Starts the retrieval of all objects that nobody has asked for yet.
 *
 * @throws CommandError if AWS refuses
 */
export async function startRetrieval(client: S3Client, bucket: string, archive: Archive, tier: Tier): Promise<void> {
  const Tier = `${tier[0]!.toUpperCase()}${tier.slice(1)}` as 'Bulk' | 'Standard' | 'Expedited';
  for (const { key } of inState(archive, 'archived')) {
    const wish = { doing: `retrieve ${key} in bucket ${bucket}`, action: 's3:RestoreObject' };
    const RestoreRequest = { Days: COPY_DAYS, GlacierJobParameters: { Tier } };
    await ask(wish, () =>
      client.send(new RestoreObjectCommand({ Bucket: bucket, Key: key, RestoreRequest })).catch((error: Error) => {
        // Another call was quicker.
        if (error.name === 'RestoreAlreadyInProgress') return;
        if (error.name !== 'GlacierExpeditedRetrievalNotAvailable') throw error;
        throw new CommandError(
          `S3 has no capacity for an expedited retrieval of ${key} now: try again later, or choose --tier standard`,
        );
      }),
    );
  }
}
