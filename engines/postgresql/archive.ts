import { BackupError } from '../../task/run/errors';
import { ArchiveBlocks } from './archive-blocks';
import { ArchiveHead, type ArchivedTable } from './archive-head';

const MAGIC = 'PGDMP';
const SHOWN_BYTES = 40;

/**
 * Follows a custom-format archive of pg_dump as it streams by, from block to block, without touching the rows. At the end
 * it knows whether every table that the table of contents promises has its data, to the closing block: pg_dump writes no
 * end marker, and `pg_restore --list` accepts an archive that is cut short.
 * Format: src/bin/pg_dump/pg_backup_archiver.c (ReadHead, ReadToc) and pg_backup_custom.c of PostgreSQL.
 */
export class PgArchiveInspector {
  /** Large objects whose data the archive has. */
  largeObjects = 0;
  /** Resolves once the table of contents has passed; never for an archive that ends within it. */
  readonly listed: Promise<void>;
  private tell: () => void = () => undefined;
  private readonly head = new ArchiveHead();
  private readonly blocks = new ArchiveBlocks({
    begins: (id) => this.head.promised.delete(id),
    largeObject: (oid) => (this.largeObjects += Number(oid !== 0)),
  });
  private seenBytes = 0;
  /** The first bytes, until they show whether it is an archive. */
  private first: Buffer | undefined = Buffer.alloc(0);
  private inData = false;
  private fault: string | undefined;

  constructor() {
    this.listed = new Promise((resolve) => (this.tell = resolve));
  }

  /** Tables that the archive promises; `undefined` for an archive of a format newer than this program. */
  get tables(): readonly ArchivedTable[] | undefined {
    return this.head.unknown ? undefined : this.head.tables;
  }

  /** Entries of the table of contents by {@link entryKey}; `undefined` for an archive of a format newer than this program. */
  get entries(): ReadonlyMap<string, number> | undefined {
    return this.head.unknown ? undefined : this.head.entries;
  }

  see(chunk: Buffer): void {
    if (this.head.unknown || this.fault !== undefined) return;
    if (this.inData) {
      this.follow(chunk);
      return;
    }
    this.seenBytes += chunk.length;
    if (this.first) this.begin(chunk);
    if (this.fault === undefined) this.goOn(this.head.see(chunk));
  }

  /** @throws BackupError `dumpFailed` if the archive is incomplete */
  verify(): void {
    if (!this.inData && this.fault === undefined) this.goOn(this.head.readOn());
    if (this.head.unknown) return;
    const fault = this.fault ?? this.openEnd();
    if (fault !== undefined)
      throw new BackupError(
        'dumpFailed',
        `pg_dump exited with 0, but its archive is incomplete: ${fault}: the dump was discarded`,
        { kind: 'dump-incomplete', object: 'pg_dump' },
      );
  }

  private openEnd(): string | undefined {
    if (!this.inData) return `it ends within its table of contents, after ${this.seenBytes} bytes`;
    if (!this.blocks.isBetween) return 'it ends within a block of data';
    return this.head.promised.size > 0
      ? `${this.head.promised.size} tables of its table of contents have no data in it`
      : undefined;
  }

  private begin(chunk: Buffer): void {
    const bytes = Buffer.concat([this.first!, chunk.subarray(0, SHOWN_BYTES)]);
    this.first = bytes.length < MAGIC.length ? bytes : undefined;
    if (this.first || bytes.toString('latin1', 0, MAGIC.length) === MAGIC) return;
    this.fault = `it does not start with ${MAGIC} but with ${JSON.stringify(bytes.toString('latin1', 0, SHOWN_BYTES))}`;
  }

  /** @param rest what is behind the head; none while the head goes on */
  private goOn(rest: Buffer | undefined): void {
    if (!rest) return;
    this.tell();
    if (this.head.unknown) return;
    this.inData = true;
    this.follow(rest);
  }

  private follow(chunk: Buffer): void {
    this.fault ??= this.blocks.see(chunk);
  }
}
