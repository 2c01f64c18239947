import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import { text } from 'node:stream/consumers';
import { ROOT } from '../test/emulator/emulator';
import { say, step } from './print';
import type { Deployed } from './runs';
import { runTasks } from './tasks';

/** A command of `proven-backups`, and what it is to do. */
export interface Command {
  readonly doing: string;
  readonly args: readonly string[];
  /** The exit code that it must have; 0 when left out. */
  readonly exitCode?: number;
}

/** Runs the command line that ships, and the tasks that it starts, and shows what it prints. */
export async function commandLine(here: Deployed, { doing, args, exitCode = 0 }: Command): Promise<void> {
  say(`$ proven-backups ${args.join(' ')}`, { indent: '  ' });
  const shown = await step(doing, () => run(here, args, exitCode));
  // Without links to the console of an AWS that is not there.
  for (const line of shown.trimEnd().split('\n')) if (!line.includes('https://')) say(line, { indent: '  ' });
}

async function run(here: Deployed, args: readonly string[], exitCode: number): Promise<string> {
  const { emulator, outputs, undo } = here;
  const done = new AbortController();
  const tasks = runTasks(here, () => undefined, done.signal);
  const child = spawn(process.execPath, [path.join(ROOT, 'dist/bin/cli.js'), ...args], {
    env: { PATH: process.env.PATH, ...emulator.environment, PROVEN_BACKUPS_BUCKET: outputs.Bucket, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  undo.push(() => Promise.resolve(child.kill('SIGTERM')));
  const [shown, said, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  done.abort();
  await tasks;
  if (code !== exitCode) throw new Error(`proven-backups ${args[0]} ended with ${String(code)}: ${said}${shown}`);
  return shown;
}
