import { Tool } from '../../task/io/tool';
import { BackupError } from '../../task/run/errors';
import type { HashedEntry } from './entry';
import { bytesOf, textOf } from './name';
import { TarError } from './tar-header';
import { TarReader } from './tar-reader';
import { ToolInput } from './tool-input';
import type { Found } from './walk';

/**
 * Times of access and change cannot be restored, and would differ each time. Names come by standard input, as they are: tar would
 * read `\` as the beginning of a special character.
 */
const ARGUMENTS = [
  ...[
    '--create',
    '--file=-',
    '--format=posix',
    '--pax-option=delete=atime,delete=ctime',
    '--sparse',
    '--xattrs',
    '--acls',
  ],
  ...['--no-recursion', '--blocking-factor=128', '--quoting-style=escape'],
  ...['--null', '--no-unquote', '--files-from=-'],
];
/** "Some files differ", and failures, which tar tells at once and goes on. */
const COMPLAINED = [0, 1, 2];

/** Hears what becomes of the entries that tar is given. */
export interface TarRunListener {
  /** It is in the archive. */
  read(found: Found, entry: HashedEntry): void;
  /** tar has passed over it. */
  skipped(found: Found): void;
}

/** One run of GNU tar, which archives what it is given, entry by entry. */
export class TarRun {
  private readonly tool: Tool;
  private readonly input: ToolInput;
  private readonly complaints: string[] = [];
  /** Given to tar, and not read yet. */
  private readonly given: Found[] = [];
  private current: Found | undefined;
  /** It took no names any more, before it was given all. */
  private isCut = false;

  constructor({ directory, args }: { readonly directory: string; readonly args: readonly string[] }) {
    this.tool = new Tool({
      command: 'tar',
      args: [`--directory=${directory}`, ...args, ...ARGUMENTS],
      takesInput: true,
      talk: (line) => this.complaints.push(line) > 0,
    });
    this.input = new ToolInput(this.tool);
  }

  /** Path that is being read. */
  get path(): string | undefined {
    return this.current?.path;
  }

  /**
   * The blocks of all entries, without the end of the archive.
   *
   * @throws what `found` throws
   */
  async *blocks(found: AsyncIterable<Found>, listener: TarRunListener): AsyncGenerator<Buffer> {
    let failure: { readonly error: unknown } | undefined;
    const feeding = this.feed(found).catch(async (error: unknown) => {
      failure = { error };
      await this.tool.stop();
    });
    let blocks: Buffer[] = [];
    const reader = new TarReader({
      begin: (entry, head) => {
        this.current = this.next(entry.path, listener);
        blocks.push(head);
      },
      data: (bytes) => void blocks.push(bytes),
      end: (entry) => {
        listener.read(this.current!, entry);
        this.current = undefined;
      },
    });
    for await (const chunk of this.tool.stdout as AsyncIterable<Buffer>) {
      readable(() => reader.see(chunk));
      if (blocks.length > 0) yield Buffer.concat(blocks);
      blocks = [];
    }
    await feeding;
    if (failure) throw failure.error;
    for (const one of this.given.splice(0)) listener.skipped(one);
    const code = await this.tool.exited;
    // What was killed has written no end, and says more.
    if (code === null || !COMPLAINED.includes(code)) return;
    readable(() => reader.end());
    if (this.isCut)
      throw new BackupError('dumpFailed', 'tar ended before it was given all names: run the backup again', {
        ...{ kind: 'dump-incomplete', object: 'tar' },
      });
  }

  /**
   * Judges its end: each complaint must be about a file that is known to have changed, or to be gone.
   *
   * @throws BackupError
   */
  async succeeded(isExplained: (path: string) => boolean): Promise<void> {
    const code = await this.tool.exited;
    if (code === null || !COMPLAINED.includes(code)) return this.tool.succeeded();
    await this.tool.succeeded().catch(() => undefined);
    // A last line that is about no file says only that it has complained.
    const isSummary = code === 2 && this.complaints.length > 1 && pathsIn(this.complaints.at(-1)!).length === 0;
    const lines = isSummary ? this.complaints.slice(0, -1) : this.complaints;
    const unexplained = lines.filter((line) => !pathsIn(line).some(isExplained));
    if (unexplained.length === 0 && (code === 0 || lines.length > 0)) return;
    const said = unexplained.slice(0, 20).join(' | ') || `it exited with ${code}`;
    throw new BackupError(
      'dumpFailed',
      `tar could not read all files: ${said}: repair that, and run the backup again`,
      {
        ...{ kind: 'tool-failed', object: 'tar', said },
      },
    );
  }

  stop(): Promise<void> {
    return this.tool.stop();
  }

  private async feed(found: AsyncIterable<Found>): Promise<void> {
    const { input } = this;
    for await (const one of found) {
      if (input.isClosed) {
        this.isCut = true;
        return;
      }
      this.given.push(one);
      await input.write(Buffer.concat([bytesOf(`./${one.path === '.' ? '' : one.path}`), Buffer.of(0)]));
    }
    input.end();
  }

  /** What was given for the entry that begins. Whatever was given before it, tar has passed over. */
  private next(path: string, { skipped }: TarRunListener): Found {
    const index = this.given.findIndex((one) => one.path === path);
    if (index < 0)
      throw new BackupError('dumpFailed', `tar has written ${textOf(path)}, which it was not given: report this`, {
        ...{ kind: 'dump-incomplete', object: textOf(path) },
      });
    const [found, ...before] = this.given.splice(0, index + 1).reverse();
    before.reverse().forEach(skipped);
    return found!;
  }
}

/** What this reader cannot read, nobody can restore. */
function readable(read: () => void): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    const said = error.message;
    throw new BackupError('dumpFailed', `tar has written no archive that can be read: ${said}: run the backup again`, {
      ...{ kind: 'dump-incomplete', object: 'tar', said },
    });
  }
}

const ESCAPED: Readonly<Record<string, string>> = {
  ...{ a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' },
};

/** Paths that a complaint of tar may be about: `tar: ./a\nb\: c: Cannot open: …`. */
function pathsIn(line: string): string[] {
  const [, words = ''] = /^(?:[^:]*\/)?tar: \.\/(.*)$/s.exec(line) ?? [];
  return [...words.matchAll(/: /g)].map(({ index }) => {
    const path = words
      .slice(0, index)
      .replace(/\\(?:([0-7]{3})|(.))/gs, (_, octal: string | undefined, other: string) =>
        octal === undefined ? (ESCAPED[other] ?? other) : String.fromCharCode(Number.parseInt(octal, 8)),
      );
    return path === '' ? '.' : path;
  });
}
