/** What a restore makes anew: the identity of a collection. */
const OWN = ['uuid'];
/** Options that `mongorestore` leaves out, because servers of today have no others. */
const IDLE_OPTIONS = ['autoIndexId', 'recordIdsReplicated'];
/** What `mongorestore` gives an index anew: its format on the disk, and the name of its collection. */
const IDLE_INDEX = ['v', 'ns'];
/** Texts of JSON; those that name a value have a colon behind them. */
const TEXTS = /"((?:[^"\\]|\\.)*)"(\s*:)?/g;
/** In front of each name, lest those that are numbers come first in an object: the order of an index's fields matters. */
const MARK = '.';

type Json = null | boolean | number | string | readonly Json[] | Fields;
type Fields = { readonly [name: string]: Json };

/** What `mongorestore` makes for a collection with `autoIndexId: false`, which old servers made without it. */
const ID_INDEX: Fields = { '.key': { '._id': { '.$numberInt': '1' } }, '.name': '_id_' };

/** What an archive says of a collection, normalised: texts that are the same for the same collection. */
export interface NormalMetadata {
  /** Type and options of the collection; of a view, what it shows. */
  readonly options: string;
  /** By their names. */
  readonly indexes: ReadonlyMap<string, string>;
}

/**
 * Normalises what an archive says of a collection.
 *
 * @param text canonical Extended JSON, as `mongodump` writes it; empty if there is none
 * @throws SyntaxError if it is no JSON
 */
export function normalMetadata(text: string): NormalMetadata {
  if (text === '') return { options: '', indexes: new Map() };
  const marked = text.replace(TEXTS, (all, name: string, colon?: string) => (colon ? `"${MARK}${name}":` : all));
  const { '.indexes': indexes, '.options': options, ...others } = JSON.parse(marked) as Record<string, Json>;
  const isWithoutId = (options as Fields | undefined)?.['.autoIndexId'] === false;
  const all = [...((indexes ?? []) as readonly Fields[]), ...(isWithoutId ? [ID_INDEX] : [])];
  return {
    options: [lines(others, OWN), lines((options ?? {}) as Fields, IDLE_OPTIONS)].join('\n'),
    indexes: new Map(all.map((index) => [String(index['.name']), lines(index, IDLE_INDEX)])),
  };
}

/** A line for each field. Their order says nothing, but that within them may. */
const lines = (fields: Fields, idle: readonly string[]): string =>
  Object.entries(fields)
    .map(([name, value]) => [name.slice(MARK.length), value] as const)
    .filter(([name]) => !idle.includes(name))
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}: ${unmarked(JSON.stringify(value))}`)
    .join('\n');

const unmarked = (json: string): string =>
  json.replace(TEXTS, (all, name: string, colon?: string) => (colon ? `"${name.slice(MARK.length)}":` : all));
