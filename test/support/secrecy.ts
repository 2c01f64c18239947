import * as fs from 'node:fs';
import * as path from 'node:path';

/** Watches what other users of a machine could see of a run: command lines, and files in its scratch directory. */
export class SecrecyWatch {
  /** Command lines that held the secret. */
  readonly leaks = new Set<string>();
  /** Mode of each file that held the secret, in octal, by file name. */
  readonly files = new Map<string, string>();
  /** Command lines seen, of any process. */
  samples = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly secret: string,
    private readonly scratchDirectory: string,
  ) {
    this.timer = setInterval(() => this.look(), 10);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    for (const pid of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const commandLine = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      this.samples++;
      // The first word of the secret: a tool that quotes or cuts it gives it away too.
      if (commandLine.includes(this.secret.split(' ')[0]!)) this.leaks.add(commandLine);
    }
    for (const file of filesUnder(this.scratchDirectory)) {
      if (!read(file).includes(this.secret.split(' ')[0]!)) continue;
      const mode = fs.statSync(file, { throwIfNoEntry: false })?.mode;
      if (mode !== undefined) this.files.set(path.basename(file), (mode & 0o777).toString(8));
    }
  }
}

/** Files in a directory and below it. One that goes while it is listed has none: `readdir` itself would throw. */
function filesUnder(directory: string): string[] {
  let entries: fs.Dirent[];
  try {
    entries = fs.readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return entries.flatMap((entry) => {
    const file = path.join(directory, entry.name);
    return entry.isDirectory() ? filesUnder(file) : [file];
  });
}

/** The start of a file; empty for a directory, or what has gone meanwhile. */
function read(file: string): string {
  try {
    if (file.startsWith('/proc/')) return fs.readFileSync(file, 'utf8');
    return fs.statSync(file).size < 100_000 ? fs.readFileSync(file, 'utf8') : '';
  } catch {
    return '';
  }
}
