import { quote } from '../names';
import { MARKER } from './marker';
import type { Part, SegmentHandler } from './sql-segments';
import { SqlSegments } from './sql-segments';
import {
  alteredDatabase,
  changesServer,
  createdBy,
  createdDatabase,
  createsTrigger,
  definerOf,
  dropsDatabase,
  insertedTable,
  touchedTable,
  usedDatabase,
  type Created,
} from '../sql-objects';
import {
  asBytes,
  asText,
  disabled,
  isCommit,
  isEnabled,
  isSetting,
  loadable,
  withOldCollation,
  withoutForeignKeys,
  withSequencesOf,
} from './sql-text';

/** Where a database of the dump goes. */
export interface Place {
  readonly name: string;
  /** Whether it is there already, and empty. */
  readonly exists: boolean;
}

/** How a dump is changed on its way. */
export interface RewriteRules {
  /** Databases to restore, by their name in the dump. */
  readonly places: ReadonlyMap<string, Place>;
  /** Tables and sequences to restore alone: `shop.orders`. */
  readonly only?: ReadonlySet<string>;
  /** Whether events must not run. */
  readonly disableEvents: boolean;
  /** The account in the place of a definer; undefined leaves it. */
  readonly definer: (account: string) => string | undefined;
  /**
   * Whether accounts that are definers are made before what runs as them, and may do everything: in a throw-away server, where
   * all of it must work, and nobody has read the dump before.
   */
  readonly makesDefiners?: boolean;
  /** Whether the dump is of a MySQL whose utf8mb4 had another collation than it has today. */
  readonly hasOldCollation?: boolean;
  /** Statements that mark a database, in which they run. */
  readonly mark: string;
  /** Databases that are marked already. */
  readonly marked: ReadonlySet<string>;
  /** Hears which table is under way. */
  readonly loading: (table: string) => void;
}

/** What the dump tools set first. A storage engine that is missing must not become another one. */
const MODE = "SQL_MODE='NO_AUTO_VALUE_ON_ZERO'";
const STRICT_MODE = "SQL_MODE='NO_AUTO_VALUE_ON_ZERO,NO_ENGINE_SUBSTITUTION'";

/** Changes a dump on its way into the client. Events are held back: they come last. */
export class DumpRewriter implements SegmentHandler {
  private readonly segments = new SqlSegments(this);
  /** Scripts that create the events, complete, in the order of the dump. */
  readonly events: Buffer[] = [];
  /** Events that were enabled, and are not: `shop.cleanup`. */
  readonly disabledEvents: string[] = [];
  /** Statements between two lines DELIMITER. */
  private block: Buffer[] | undefined;
  private hasEvent = false;
  /** Settings since the last statement that is none, and those before the block: MariaDB 11 sets mode and time zone of events there. */
  private settings: readonly Buffer[] = [];
  private before: readonly Buffer[] = [];
  private readonly marked: Set<string>;
  /** Accounts that were made. */
  private readonly made = new Set<string>();

  constructor(private readonly rules: RewriteRules) {
    this.marked = new Set(rules.marked);
  }

  /** What has passed, as it was in the dump. */
  get sql() {
    return this.segments.sql;
  }

  /** The dump as it is to be loaded. */
  async *rewrite(dump: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
    for await (const parts of this.parts(dump))
      if (parts.length > 0) yield parts.length === 1 ? parts[0]!.bytes : Buffer.concat(parts.map(({ bytes }) => bytes));
  }

  /** The same, by its statements. */
  async *parts(dump: AsyncIterable<Buffer>): AsyncIterable<readonly Part[]> {
    for await (const chunk of dump) yield this.segments.see(chunk);
  }

  keepsRows(head: string): boolean {
    const table = insertedTable(head) ?? '';
    const kept = this.keepsTable(table);
    if (kept) this.rules.loading(`${this.sql.database}.${table}`);
    return kept;
  }

  statement(head: string, bytes: Buffer): Buffer | undefined {
    const made = createdDatabase(head);
    if (made) return this.createDatabase(made.name, bytes);
    const { database } = this.sql;
    const used = usedDatabase(head);
    if (used !== undefined) return this.use(used);
    // The session commits by itself: what marks the end must be there, whatever the dump commits.
    if (isCommit(head) || dropsDatabase(head)) return undefined;
    // Before the first database.
    if (database === '' && changesServer(head)) return undefined;
    if (database === '')
      return head.includes(MODE) ? latin1(bytes.toString('latin1').replace(MODE, STRICT_MODE)) : bytes;
    if (!this.rules.places.has(database)) return undefined;
    if (/^DELIMITER /.test(head)) return this.delimiter(head, bytes);
    this.settings = isSetting(head) ? [...this.settings, bytes] : [];
    const written = this.object(head, bytes);
    if (!this.block || !written) return written;
    this.block.push(written);
    return undefined;
  }

  private createDatabase(name: string, bytes: Buffer): Buffer | undefined {
    const place = this.rules.places.get(name);
    if (!place) return undefined;
    const { options: given } = createdDatabase(bytes.toString('latin1'))!;
    const options = this.collated(given);
    const target = asBytes(quote(place.name));
    // One that is new must be so still: nobody's database is filled. One that is there gets the settings of the backup.
    if (!place.exists) return latin1(`\nCREATE DATABASE ${target}${options}`);
    return options.trim() === ';' ? undefined : latin1(`\nALTER DATABASE ${target}${options}`);
  }

  private alterDatabase(bytes: Buffer): Buffer | undefined {
    const text = bytes.toString('latin1');
    const { name, start, end } = alteredDatabase(text)!;
    const place = this.rules.places.get(asText(name));
    if (!place || this.rules.only) return undefined;
    return latin1(`${text.slice(0, start)}${asBytes(quote(place.name))}${text.slice(end)}`);
  }

  private use(name: string): Buffer | undefined {
    const place = this.rules.places.get(name);
    if (!place) return undefined;
    const use = `\nUSE ${quote(place.name)};\n`;
    const mark = this.marked.has(name) ? '' : this.rules.mark;
    this.marked.add(name);
    return Buffer.from(use + mark);
  }

  private delimiter(head: string, bytes: Buffer): Buffer | undefined {
    if (head.trim() === 'DELIMITER ;;') {
      if (!this.block) this.before = this.settings;
      // The second event of a database begins within the block of the first.
      this.block = [...(this.block ?? []), bytes];
      return undefined;
    }
    if (!this.block) return bytes;
    const block = Buffer.concat([...this.block, bytes]);
    this.block = undefined;
    if (!this.hasEvent) return this.rules.only ? undefined : block;
    this.hasEvent = false;
    const { name } = this.rules.places.get(this.sql.database)!;
    this.events.push(Buffer.concat([Buffer.from(`\nUSE ${quote(name)};\n`), ...this.before, block, Buffer.from('\n')]));
    return undefined;
  }

  /** A statement of a database that is restored. */
  private object(head: string, bytes: Buffer): Buffer | undefined {
    const altered = alteredDatabase(head);
    if (altered) return this.alterDatabase(bytes);
    const touched = touchedTable(head);
    if (touched !== undefined) return this.keepsTable(touched) ? bytes : undefined;
    const inserted = insertedTable(head);
    if (inserted !== undefined) return this.keepsTable(inserted) ? bytes : undefined;
    const made: Created | undefined =
      createdBy(head) ?? (createsTrigger(head) ? { kind: 'TRIGGER', name: '?' } : undefined);
    if (!made) return this.rules.only && !isSetting(head) ? undefined : bytes;
    if (made.name === MARKER) return undefined;
    const isTable = made.kind === 'TABLE' || made.kind === 'SEQUENCE';
    if (isTable ? !this.keepsTable(made.name) : this.rules.only) return undefined;
    return this.rewritten(made, bytes);
  }

  private rewritten(made: Created, bytes: Buffer): Buffer {
    const { database } = this.sql;
    const { name } = this.rules.places.get(database)!;
    const before = bytes.toString('latin1');
    let text = this.collated(loadable(made.kind, before));
    if (made.kind === 'TABLE') {
      if (this.rules.only) text = withoutForeignKeys(text, 'all');
      if (name !== database) text = withSequencesOf(withoutForeignKeys(text, 'to-others'), database, name);
    } else {
      const definer = definerOf(text);
      const other = definer && this.rules.definer(asText(definer.account));
      if (definer && other !== undefined)
        text = text.slice(0, definer.start) + asBytes(quotedAccount(other)) + text.slice(definer.end);
      if (definer && this.rules.makesDefiners) text = this.making(asText(definer.account)) + text;
    }
    if (made.kind === 'EVENT') {
      this.hasEvent = true;
      if (this.rules.disableEvents && isEnabled(text)) {
        this.disabledEvents.push(`${name}.${made.name}`);
        text = disabled(text);
      }
    }
    return text === before ? bytes : latin1(text);
  }

  private collated(text: string): string {
    return this.rules.hasOldCollation ? withOldCollation(text) : text;
  }

  /** Statements that make an account, once. Roles of MariaDB have no host. */
  private making(account: string): string {
    if (this.made.has(account)) return '';
    this.made.add(account);
    const name = asBytes(account.includes('@') ? quotedAccount(account) : quote(account));
    const create = account.includes('@') ? `USER IF NOT EXISTS ${name} ACCOUNT LOCK` : `ROLE IF NOT EXISTS ${name}`;
    const end = this.block ? ' ;;' : ';';
    return `\nCREATE ${create}${end}\nGRANT ALL ON *.* TO ${name}${end}\n`;
  }

  private keepsTable(name: string): boolean {
    const { database } = this.sql;
    if (!this.rules.places.has(database) || name === MARKER) return false;
    return !this.rules.only || this.rules.only.has(`${database}.${name}`);
  }
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** `owner@%` as a statement names it; a name alone is an account of all hosts. */
export function quotedAccount(account: string): string {
  const at = account.lastIndexOf('@');
  return at < 0 ? `${quote(account)}@\`%\`` : `${quote(account.slice(0, at))}@${quote(account.slice(at + 1))}`;
}
