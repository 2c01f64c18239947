/**
 * Evidence: what the server itself said of the databases, in the snapshot that was dumped. A restored server that dumps the same
 * again cannot show what the dump tool left out or converted away; the answers to these questions can.
 */
import * as z from 'zod';

/** File name of the evidence of a backup: an object of its manifest, of the kind `evidence`. */
export const EVIDENCE_FILE = 'evidence.json.zst';
/** Newest format of {@link Evidence}. */
export const EVIDENCE_FORMAT = 1;

const count = z.number().int().nonnegative();
const word = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be a lower-case word');
const fact = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const inventoryObject = z.object({
  /** `table`, `column`, `index`, `trigger` …, as the engine calls it. */
  kind: word,
  /** Database and name, as a person writes them: `shop.orders`, `shop.public.orders.note`. Unique with its kind. */
  name: z.string(),
  /**
   * Settings that a dump could lose: definer, collation, value of a sequence, whether it is enabled … A table's `primaryKey` has
   * the columns of its primary key, separated by commas.
   */
  facts: z.record(z.string(), fact),
});

const digest = z.object({
  /** `shop.orders`, or `shop.public.orders`. */
  table: z.string(),
  rows: count,
  /** Order-independent sum over the rows. Only the engine that made it compares it: as a text. */
  digest: z.string(),
  /**
   * Only rows with keys of these ranges, both ends included: the table is too large for all. As texts that the engine can read
   * again.
   */
  sample: z.object({ column: z.string(), ranges: z.array(z.object({ from: z.string(), to: z.string() })) }).optional(),
});

const evidenceSchema = z.object({
  formatVersion: z.literal(EVIDENCE_FORMAT),
  /** Version of the questions of the engine: answers to others are not compared. */
  questions: z.number().int(),
  inventory: z.array(inventoryObject),
  digests: z.array(digest),
  /** Tables without a digest, and why: `budget`, `no-snapshot`, `off`, `unsupported`. */
  undigested: z.array(z.object({ table: z.string(), why: word })),
});
/** What a server said of its databases. */
export type Evidence = z.infer<typeof evidenceSchema>;
export type InventoryObject = Evidence['inventory'][number];
export type TableDigest = Evidence['digests'][number];

/** What a verdict calls an object: `table shop.orders`. */
export const objectName = ({ kind, name }: Pick<InventoryObject, 'kind' | 'name'>): string => `${kind} ${name}`;

/** Objects by their {@link objectName}. */
export const byObjectName = (objects: readonly InventoryObject[]): ReadonlyMap<string, InventoryObject> =>
  new Map(objects.map((object) => [objectName(object), object]));

/**
 * Reads evidence.
 *
 * @returns `undefined` if it is of a newer format
 * @throws Error if it is damaged
 */
export function parseEvidence(text: string): Evidence | undefined {
  const value = JSON.parse(text) as { formatVersion?: unknown } | null;
  if (typeof value?.formatVersion === 'number' && value.formatVersion > EVIDENCE_FORMAT) return undefined;
  return evidenceSchema.parse(value);
}
