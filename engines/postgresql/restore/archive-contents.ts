import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { BackupError } from '../../../task/run/errors';
import { ArchiveHead, type ArchiveEntry } from '../archive-head';
import { words } from '../sql-words';

/** Data of a table in an archive. */
export interface ArchivedData {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  /** Whether they are rows for a COPY, and no statements. */
  readonly isCopied: boolean;
}

/** What a restore must know of an archive before it loads it. */
export interface RestoreArchive {
  /** File with the head of the archive and nothing of its data: enough for all that is not data. */
  readonly headFile: string;
  /** `CREATE DATABASE`, with the name of the backup; empty if the archive has none. */
  readonly create: string;
  /** Owner of the database. */
  readonly owner: string;
  /** Statements about the database itself: settings, privileges, comments and labels. */
  readonly database: string;
  readonly extensions: readonly string[];
  readonly tablespaces: ReadonlySet<string>;
  /** Owners of anything. */
  readonly owners: ReadonlySet<string>;
  /** Names in statements that name roles: privileges, policies, mappings and settings. */
  readonly mentioned: ReadonlySet<string>;
  readonly data: readonly ArchivedData[];
  /** Numbers of indexes and of the constraints that are one, which several connections can make at once. */
  readonly indexes: readonly number[];
  /** Numbers of all other entries, but those of {@link foreignRows}. */
  readonly others: readonly number[];
  /** Of these, the numbers of schemas with their comments and labels, and of their privileges. */
  readonly schemas: { readonly made: readonly number[]; readonly privileges: readonly number[] };
  /** Owners of what is in a schema, by its name. */
  readonly ownersIn: ReadonlyMap<string, ReadonlySet<string>>;
  /** Foreign tables with rows in the archive. To load these means to insert them on another server. */
  readonly foreignRows: readonly string[];
  /** Definitions of primary keys by {@link keyOfTable}: `PRIMARY KEY (id)`. */
  readonly primaryKeys: ReadonlyMap<string, string>;
  /** Entries by `entryKey`, in the encoding of the database. */
  readonly entries: ReadonlyMap<string, number>;
}

/** Locks that a transaction with a whole section may need: a table has one, and its TOAST table and the index of that. */
export const locksOf = ({ indexes, others, data }: RestoreArchive): number =>
  indexes.length + others.length + 2 * data.length;

/** Key of a table in {@link RestoreArchive.primaryKeys}. */
export const keyOfTable = (schema: string, name: string): string => JSON.stringify([schema, name]);

/** Kinds whose statements name roles. */
const NAMES_ROLES = new Set(['ACL', 'DEFAULT ACL', 'POLICY', 'USER MAPPING', 'DATABASE PROPERTIES']);
/** Kinds that are about the database itself if their tag says so. */
const ABOUT = new Set(['ACL', 'COMMENT', 'SECURITY LABEL']);

/** Collects what a restore needs of the entries. */
class Collector {
  create = '';
  owner = '';
  private readonly about: string[] = [];
  readonly extensions: string[] = [];
  readonly tablespaces = new Set<string>();
  readonly owners = new Set<string>();
  readonly mentioned = new Set<string>();
  readonly data: ArchivedData[] = [];
  readonly indexes: number[] = [];
  readonly others: number[] = [];
  readonly schemas: { readonly made: number[]; readonly privileges: number[] } = { made: [], privileges: [] };
  readonly ownersIn = new Map<string, Set<string>>();
  readonly foreignRows: string[] = [];
  private readonly foreign = new Set<string>();
  readonly primaryKeys = new Map<string, string>();
  private isIndex = false;
  private decoder = new TextDecoder('utf-8');

  readonly see = (entry: ArchiveEntry): void => {
    const { id, kind, tablespace, hasData, copy } = entry;
    const [schema, name, owner] = [this.text(entry.schema), this.text(entry.name), this.text(entry.owner)];
    const key = keyOfTable(entry.schema, entry.name);
    if (kind === 'FOREIGN TABLE') this.foreign.add(key);
    if (kind === 'TABLE DATA' && this.foreign.has(key)) return void this.foreignRows.push(`${schema}.${name}`);
    // A comment is of the entry before it, and of no section of its own: without that entry, it is left out.
    if (!ABOUT.has(kind)) this.isIndex = kind === 'INDEX' || kind === 'CONSTRAINT';
    (this.isIndex ? this.indexes : this.others).push(id);
    if (kind === 'ENCODING') this.decoder = decoderOf(entry.definition);
    if (owner !== '') this.owners.add(owner);
    if (owner !== '' && schema !== '')
      this.ownersIn.set(schema, (this.ownersIn.get(schema) ?? new Set<string>()).add(owner));
    if (kind === 'SCHEMA' || (ABOUT.has(kind) && name.startsWith('SCHEMA ')))
      (kind === 'ACL' ? this.schemas.privileges : this.schemas.made).push(id);
    if (tablespace !== '') this.tablespaces.add(this.text(tablespace));
    if (kind === 'EXTENSION') this.extensions.push(name);
    if (kind === 'TABLE DATA' && hasData) this.data.push({ id, schema, name, isCopied: copy !== '' });
    if (kind === 'DATABASE') {
      this.create = this.text(entry.definition);
      this.owner = owner;
      const space = tablespaceOf(this.create);
      if (space !== undefined) this.tablespaces.add(space);
    }
    if (kind === 'DATABASE PROPERTIES' || (ABOUT.has(kind) && entry.name.startsWith('DATABASE ')))
      this.about.push(this.text(entry.definition));
    if (NAMES_ROLES.has(kind)) for (const word of words(this.text(entry.definition))) this.mentioned.add(word);
    const primaryKey =
      kind === 'CONSTRAINT' && /\sADD CONSTRAINT .+? (PRIMARY KEY \(.*);\s*$/s.exec(entry.definition)?.[1];
    // The tag is the table's name and the constraint's; which is which, only the statement says.
    if (primaryKey)
      this.primaryKeys.set(keyOfTable(schema, tableOf(this.text(entry.definition))), this.text(primaryKey));
  };

  get database(): string {
    return this.about.join('\n');
  }

  /** Archives have bytes in the encoding of the database. */
  private text(bytes: string): string {
    return this.decoder.decode(Buffer.from(bytes, 'latin1'));
  }
}

/** Encodings of PostgreSQL as the decoder calls them; another one is read as UTF-8, which is right for ASCII. */
function decoderOf(definition: string): TextDecoder {
  const [, encoding = ''] = /client_encoding = '([^']*)'/.exec(definition) ?? [];
  const label = encoding.replace(/^LATIN(\d+)$/, 'latin$1').replace(/^WIN(\d+)$/, 'windows-$1');
  try {
    return new TextDecoder(label.replaceAll('_', '-').toLowerCase());
  } catch {
    return new TextDecoder('utf-8');
  }
}

/** The table that an `ALTER TABLE` is about. */
const tableOf = (statement: string): string => {
  const [, name = ''] =
    /^ALTER TABLE (?:ONLY )?(?:"(?:[^"]|"")*"|[^".\s]+)\.("(?:[^"]|"")*"|\S+)/.exec(statement) ?? [];
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
};

const TABLESPACE = / TABLESPACE = ("(?:[^"]|"")*"|\w+)(?=;?\s*$)/;

/** The tablespace of a `CREATE DATABASE`. */
function tablespaceOf(create: string): string | undefined {
  return words(TABLESPACE.exec(create)?.[1] ?? '')[0];
}

/** `CREATE DATABASE` with another name, and without its tablespace if the server lacks that. */
export function createStatement(create: string, quoted: string, keepsTablespace: boolean): string {
  const named = create.replace(/^CREATE DATABASE (?:"(?:[^"]|"")*"|[^"\s]+)/, () => `CREATE DATABASE ${quoted}`);
  return (keepsTablespace ? named : named.replace(TABLESPACE, '')).trim();
}

/**
 * Reads the head of an archive from its stream, which it destroys: the rows are read later.
 *
 * @param headFile is written
 * @throws BackupError `downloadFailed` if it is no archive that this program reads
 */
export async function readArchive(stream: Readable, key: string, headFile: string): Promise<RestoreArchive> {
  const collector = new Collector();
  const file = createWriteStream(headFile, { mode: 0o600 });
  const written = finished(file);
  written.catch(() => undefined);
  const head = new ArchiveHead(collector.see, (bytes) => void file.write(bytes));
  let isOver = false;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      isOver = head.see(chunk) !== undefined;
      if (isOver) break;
    }
    isOver ||= head.readOn() !== undefined;
  } finally {
    stream.destroy();
    file.end();
    await written;
  }
  if (!isOver || head.unknown) throw unreadable(key, head.unknown);
  return Object.assign(collector, { headFile, entries: head.entries });
}

const unreadable = (key: string, isNew: boolean): BackupError =>
  isNew
    ? new BackupError(
        'configuration',
        `${key} is an archive of a newer pg_dump than this program reads: update cdk-proven-backups`,
        { kind: 'tool-too-old', object: key },
      )
    : new BackupError('downloadFailed', `${key} is no archive of pg_dump: restore another backup`, {
        kind: 'object-changed',
        object: key,
      });
