/** What the questions of the inventory are made of. Catalogs only: nothing that an owner wrote is executed. */
import { DUMPED } from '../inventory-query';

/** One question: a SELECT of `name` and `facts`. `$1` are the schemas to dump or NULL for all, `$2` those to leave out. */
export interface Question {
  /** Kind of the objects, or the expression that says it. */
  readonly kind: string | { readonly sql: string };
  /** Name below the database. */
  readonly name: string;
  /** Expressions by the names of their facts. Those that are NULL are no facts. */
  readonly facts: Readonly<Record<string, string>>;
  readonly from: string;
}

/** The statement of a question, as rows of `kind`, `name` and `facts`, a JSON text. */
export function statementOf({ kind, name, facts, from }: Question): string {
  const pairs = Object.entries(facts).map(([fact, sql]) => `'${fact}', ${sql}`);
  const all = pairs.length === 0 ? "'{}'" : `json_strip_nulls(json_build_object(${pairs.join(', ')}))::text`;
  return `WITH ${DUMPED} SELECT ${typeof kind === 'string' ? `'${kind}'` : kind.sql} AS kind, ${name} AS name, ${all} AS facts FROM ${from}`;
}

export const ownerOf = (column: string): string => `pg_get_userbyid(${column})`;
/** Items in the order of their texts; what nobody has granted is what `acldefault` says. */
export const aclOf = (column: string, type: string, owner: string): string =>
  `(SELECT coalesce(string_agg(a::text, ' ' ORDER BY a::text COLLATE "C"), 'nobody') FROM unnest(coalesce(${column}, acldefault('${type}', ${owner}))) a)`;
/** Privileges of columns: there are none by default. */
export const grantsOf = (column: string): string =>
  `(SELECT string_agg(a::text, ' ' ORDER BY a::text COLLATE "C") FROM unnest(${column}) a)`;
export const commentOf = (catalog: string, oid: string): string =>
  `(SELECT description FROM pg_description WHERE classoid = '${catalog}'::regclass AND objoid = ${oid} AND objsubid = 0)`;
export const sharedCommentOf = (catalog: string, oid: string): string =>
  `(SELECT description FROM pg_shdescription WHERE classoid = '${catalog}'::regclass AND objoid = ${oid})`;
/** An array of options in the order of their texts: its own is that in which they were set. */
export const listOf = (column: string): string =>
  `(SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(${column}) o)`;
/** Settings without the quotes of their names, which `quote_all_identifiers` decides when they are set. */
export const settingsOf = (column: string): string =>
  `(SELECT string_agg(replace(o, '"', ''), ', ' ORDER BY o COLLATE "C") FROM unnest(${column}) o)`;
