import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';
import type { Emulator } from '../emulator/emulator';
import { ROOT } from '../emulator/emulator';
import { compileCache } from '../support/in-image';
import { temporaryDirectory } from '../support/processes';
import type { AlarmedScene } from './alarms-scene';

/** A question of the command line, and what is answered in the terminal. */
export interface Talk {
  readonly question: string;
  readonly answer: string;
}

/** How a command runs. */
interface CliOptions {
  readonly talk?: Talk;
  readonly as?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A backup as `list` shows it. */
export interface Listed {
  readonly id: string;
  readonly storageClass: string;
  readonly rows: number;
}

/** The machine of somebody who reaches the servers: the command line, in a terminal if there is something to answer. */
export class Desk {
  /** The current folder. */
  readonly folder = temporaryDirectory('desk');

  /**
   * @param tools folder of the engine's own programs
   * @param password of the server into which somebody restores
   */
  constructor(
    private readonly emulator: Emulator,
    private readonly tools: string,
    private readonly password: string,
  ) {}

  /**
   * Runs a command.
   *
   * @param as name of the role of who does it; one to whom everything is allowed when left out
   * @param environment added to that of the command
   */
  async cli(scene: AlarmedScene, args: readonly string[], { talk, as, environment }: CliOptions = {}) {
    const terminal = talk
      ? [path.join(ROOT, '.venv/bin/python'), path.join(ROOT, 'test/support/terminal.py'), talk.question, talk.answer]
      : [];
    const [command, ...rest] = [...terminal, process.execPath, path.join(ROOT, 'dist/bin/cli.js'), ...args];
    const env = {
      ...{
        PATH: `${this.tools}:${process.env.PATH}`,
        HOME: this.emulator.directory,
        TERM: 'xterm',
        TMPDIR: os.tmpdir(),
      },
      ...{ PROVEN_BACKUPS_BUCKET: scene.outputs.Bucket, PROVEN_BACKUPS_PASSWORD: this.password },
      ...(as === undefined ? this.emulator.environment : this.emulator.environmentOf(as)),
      ...compileCache(),
      ...environment,
    };
    const child = spawn(command!, rest, { env, cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    return { code: code as number, out: stripVTControlCharacters(out), err };
  }

  /** Backups of a source, newest first. */
  async listed(scene: AlarmedScene, source: string): Promise<readonly Listed[]> {
    const { out } = await this.cli(scene, ['list', '--source', source, '--no-snapshots', '--json']);
    return (JSON.parse(out) as { backups: Listed[] }).backups;
  }

  remove(): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
