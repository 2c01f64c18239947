import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Tool } from '../../../task/io/tool';
import { BackupError } from '../../../task/run/errors';

const READY_EVERY_MS = 20;
/** Twice what it gives its processes to end. */
const DYING_MS = 10_000;
/** All else that `initdb` and `postgres` say is talk. */
const COMPLAINT = /\b(?:error|fatal|panic|could not|cannot|failed)\b/i;

const start = (command: string, args: readonly string[]): Tool => {
  const tool = new Tool({
    ...{ command, args, talk: (line) => !COMPLAINT.test(line) },
    // Its output is not the program's, and whatever a database makes it run inherits its environment.
    env: { LD_PRELOAD: '', _STDBUF_O: '' },
    failure: { exit: 'notTested', kind: 'scratch-server' },
  });
  tool.stdout.resume();
  return tool;
};

/** The processes of a throw-away server. */
export class ServerProcess {
  private running: Tool | undefined;
  private fault: BackupError | undefined;
  private stopped = false;

  /**
   * Makes the files of a server, and starts it.
   *
   * @param bin folder of its programs
   * @param data folder for its files, which does not exist yet
   * @param initial name of the role that it is made with
   * @param settings arguments of `postgres`
   * @throws BackupError `notTested` with what it said
   */
  async start(bin: string, data: string, initial: string, settings: readonly string[], signal: AbortSignal) {
    const options = [`--username=${initial}`, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'];
    await this.run(join(bin, 'initdb'), [`--pgdata=${data}`, ...options]).succeeded();
    const server = this.run(join(bin, 'postgres'), ['-D', data, ...settings]);
    server.succeeded().then(
      () => (this.fault = ended('it was shut down')),
      (error: unknown) =>
        (this.fault = ended(error instanceof BackupError ? (error.reason.said ?? error.message) : '')),
    );
    // It notes there whether it answers.
    while (!/^ready *$/m.test(readIfThere(join(data, 'postmaster.pid')))) {
      signal.throwIfAborted();
      if (this.fault) throw this.fault;
      await sleep(READY_EVERY_MS);
    }
  }

  /** Why it has ended by itself. */
  get ended(): BackupError | undefined {
    return this.stopped ? undefined : this.fault;
  }

  /** Why it does not answer: waits for the end of one that is dying, which first ends all its sessions. */
  async whenEnded(): Promise<BackupError | undefined> {
    for (const until = Date.now() + DYING_MS; !this.fault && Date.now() < until;) await sleep(READY_EVERY_MS);
    return this.stopped ? undefined : (this.fault ?? ended('it does not answer'));
  }

  /** Ends it as a crash would, with all that it runs, and waits for that. */
  async stop(): Promise<void> {
    this.stopped = true;
    const { running } = this;
    if (running?.pid === undefined) return;
    let isOver = false;
    const over = running.exited.then(() => (isOver = true));
    await Promise.resolve();
    if (!isOver) process.kill(running.pid, 'SIGQUIT');
    await over;
  }

  private run(command: string, args: readonly string[]): Tool {
    this.running = start(command, args);
    if (this.stopped) void this.running.stop();
    return this.running;
  }
}

const ended = (said: string): BackupError =>
  new BackupError(
    'notTested',
    `the throw-away server has ended${said === '' ? '' : `: ${said}`}: if it was killed, test it where there is more memory, with --local; else report this`,
    { kind: 'scratch-server', object: 'postgres', said },
  );

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
