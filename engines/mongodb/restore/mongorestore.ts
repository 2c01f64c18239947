import { pipeline } from 'node:stream/promises';
import { Tool, type ToolFailure } from '../../../task/io/tool';
import { BackupError } from '../../../task/run/errors';
import { QUOTE } from '../talk';

/** What `mongorestore` says of its work, each line with the time in front. */
export const MONGORESTORE_TALK = new RegExp(
  `^\\S+\\t(?:${[
    'preparing collections to restore from$',
    'reading metadata for ',
    `restoring \\S.* from ${QUOTE}archive on stdin${QUOTE}$`,
    'finished restoring ',
    'restoring indexes for collection ',
    'restoring users from ',
    'restoring roles from ',
    'index: ',
    'no indexes to restore for collection ',
    'setting number of parallel collections to number of parallel collections in archive ',
    'the oplog is |replaying oplog$|applied \\d+ oplog entries$',
    'skipping applying the ',
    'restoring to existing collection ',
    // It looks for databases where an archive has its oplog: https://github.com/mongodb/mongo-tools/blob/100.12.2/mongorestore/filepath.go#L428
    'don\'t know what to do with subdirectory [`"].*[`"], skipping\\.\\.\\.$',
    // An option that servers of today do not have.
    'autoIndexId is not allowed in server versions >= 8\\.2\\.0\\. Removing\\.$',
    '\\{autoIndexId: false\\} is not allowed in server versions >= 4\\.0\\. Changing to \\{autoIndexId: true\\}\\.$',
    'Restoring document\\(s\\) with empty timestamp\\. ',
    // The look has told that.
    'WARNING: This archive came from MongoDB ',
    '\\d+ document\\(s\\) restored successfully\\. 0 document\\(s\\) failed to restore\\.$',
    '\\[[.#]*\\]\\s',
    // Behind the bars of several collections.
    '$',
    // Every three seconds, of a collection whose size the archive does not say.
    '.+ {2,}[\\d.]+[KMG]?B *$',
  ].join('|')})`,
);
const PROGRESS = new RegExp(`^\\S+\\trestoring ${QUOTE}(.+?)${QUOTE} from ${QUOTE}archive on stdin${QUOTE}$`);
/** The collection that a line says to be under way. */
export const underWay = (line: string): string | undefined => PROGRESS.exec(line)?.[1];
const DONE = /^\S+\t(\d+) document\(s\) restored successfully\. (\d+) document\(s\) failed to restore\.$/;
/** The server says values of the document here, and the tool an entry of the oplog. */
const DATA = new RegExp(
  `(${[
    'dup key: |Document failed validation|failingDocumentId|details: ',
    'unknown oplog command name [^:]*: |could not parse collection name from op: |Empty object value for op: ',
    'failed to parse IndexDocument from .*?, |unknown format for applyOps: |could not (?:un)?marshal applyOps \\w+: ',
  ].join('|')}).*`,
  'g',
);
/** A complaint without data. */
export const withoutData = (line: string): string => line.replaceAll(DATA, '$1…');

/** Words of the server: their names in https://www.mongodb.com/docs/manual/reference/error-codes/ */
const MEANINGS: readonly (readonly [words: RegExp, meaning: ToolFailure])[] = [
  [
    /OutOfDiskSpace|No space left|not enough (?:disk )?space|available disk space/i,
    { exit: 'restoreFailed', kind: 'target-full', advice: 'the target has no room left: give it more storage' },
  ],
  [
    /\(Unauthorized\)|not authorized on|requires authentication/i,
    {
      exit: 'privileges',
      kind: 'privileges-missing',
      advice: 'grant the user of the restore the roles restore and readWriteAnyDatabase',
    },
  ],
  [
    /\((?:NotWritablePrimary|NotMaster|PrimarySteppedDown|InterruptedDueToReplStateChange)\)|not (?:master|primary)/i,
    {
      exit: 'restoreFailed',
      kind: 'target-lacks',
      advice: 'that member takes no writes: name all members of the replica set, or its primary',
    },
  ],
  [
    /\(Location7667503\)/,
    {
      exit: 'restoreFailed',
      kind: 'client-failed',
      advice:
        'the oplog of the backup has writes to a time series, which mongorestore replays from 100.20.0 on: restore with newer tools',
    },
  ],
  [
    /could not handle collMod on/,
    {
      exit: 'restoreFailed',
      kind: 'client-failed',
      advice:
        'the oplog of the backup has a change of an index, which mongorestore replays from 100.15.0 on: restore with newer tools',
    },
  ],
  [
    /server selection error|connection\(.*\) (?:unable|incomplete|socket)|connection reset|broken pipe|\bEOF\b/i,
    {
      exit: 'restoreFailed',
      kind: 'connection-lost',
      advice: 'the session with the target ended: see whether it was restarted, or out of memory',
    },
  ],
];

/** A tool that has ended breaks its pipe first, and says why a moment later. */
const LAST_WORDS_MS = 1000;

/** One archive to load. */
export interface ArchiveLoad {
  /** Configuration file with the address and the password. */
  readonly config: string;
  readonly archive: AsyncIterable<Buffer>;
  /** Collections that are loaded at once. */
  readonly jobs: number;
  /** Whether the archive has an oplog that is to be replayed. */
  readonly oplog: boolean;
  /** A server that nobody needs: writes need not be durable. */
  readonly thrownAway: boolean;
  readonly loading: (table: string) => void;
}

/** `mongorestore`, which loads one archive. */
export class Mongorestore {
  private readonly tool: Tool;
  /** Its last line: documents that it loaded, and that it could not load. */
  private counts: { readonly loaded: number; readonly failed: number } | undefined;

  constructor(private readonly load: ArchiveLoad) {
    const { config, jobs, oplog, thrownAway, loading } = load;
    this.tool = new Tool({
      command: 'mongorestore',
      args: [
        ...[`--config=${config}`, '--archive', '--stopOnError', '--objcheck', '--bypassDocumentValidation'],
        `--numParallelCollections=${jobs}`,
        ...(oplog ? ['--oplogReplay'] : []),
        ...(thrownAway ? ['--writeConcern={w: 1, j: false}'] : []),
      ],
      takesInput: true,
      failure: { exit: 'restoreFailed', kind: 'client-failed' },
      talk: (line) => {
        const [, loaded, failed] = DONE.exec(line) ?? [];
        if (loaded !== undefined) this.counts = { loaded: Number(loaded), failed: Number(failed) };
        const table = underWay(line);
        if (table !== undefined) loading(table);
        return MONGORESTORE_TALK.test(line);
      },
      edit: withoutData,
      classify: (complaints) => MEANINGS.find(([words]) => words.test(complaints))?.[1],
    });
    this.tool.stdout.resume();
  }

  /**
   * Feeds it, and waits for its end.
   *
   * @param documents that it must have loaded, once all has passed
   * @throws BackupError of the tool, or of what feeds it
   */
  async succeeded(documents: () => number): Promise<void> {
    const { tool } = this;
    let feeding: unknown;
    const fed = pipeline(this.load.archive, tool.stdin!).catch((error: unknown) => {
      feeding = error;
      // Bytes that are not those of the backup must not look like an end of it.
      if (error instanceof BackupError) void tool.stop();
      else setTimeout(() => void tool.stop(), LAST_WORDS_MS).unref();
    });
    const ended = await tool.succeeded().catch((error: unknown) => error);
    await fed;
    if (feeding instanceof BackupError) throw feeding;
    if (ended) throw ended;
    if (feeding) throw feeding;
    // It exits with 0 when documents failed, too.
    const { loaded = 0, failed = 0 } = this.counts ?? {};
    if (this.counts && failed === 0 && loaded === documents()) return;
    throw new BackupError(
      'restoreFailed',
      `mongorestore exited with 0, but says that it restored ${loaded} documents of ${documents()}, and that ${failed} failed: look at the target before you use it`,
      { kind: 'client-failed', object: 'mongorestore' },
    );
  }

  stop(): Promise<void> {
    return this.tool.stop();
  }
}
