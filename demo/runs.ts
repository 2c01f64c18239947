import { setTimeout as sleep } from 'node:timers/promises';
import type { Email, Emulator } from '../test/emulator/emulator';
import type { LocalOptions } from '../test/emulator/local-container';
import { runAsProcess } from '../test/emulator/local-container';
import { fire } from '../test/emulator/scheduled-run';
import { stopTask } from '../test/emulator/task-event';
import { colors } from '../bin/cli/print/colors';
import { say, step } from './print';

/** The emulated AWS with the deployed stack. */
export interface Deployed {
  readonly emulator: Emulator;
  readonly outputs: Readonly<Record<string, string>>;
  /** Settings that the container needs on this machine. */
  readonly local: LocalOptions;
  /** Clean-up for an interrupted demo. */
  readonly undo: (() => Promise<unknown>)[];
}

/** The fields of a log line that the demo shows. */
interface LogLine {
  readonly level?: string;
  readonly event?: string;
  readonly message?: string;
  readonly exit?: string;
  readonly reason?: { readonly kind: string };
}

/**
 * Runs the container as the deployed schedule does, shows its log, and lets ECS tell how it ended.
 *
 * @param scheduledTime that the schedule means
 * @returns the exit code
 */
export async function backUp(here: Deployed, doing: string, scheduledTime: Date): Promise<number> {
  const { emulator, outputs, undo } = here;
  const lines: LogLine[] = [];
  const exitCode = await step(doing, async () => {
    const run = await fire(emulator, { schedule: outputs.Schedule!, group: outputs.ScheduleGroup, scheduledTime });
    const container = runAsProcess(emulator, run, here.local);
    undo.push(() => (container.kill('SIGTERM'), container.ended));
    const ended = await container.ended;
    await stopTask(emulator, run, ended);
    const texts = `${ended.stdout}${ended.stderr}`.split('\n').filter((text) => text.startsWith('{'));
    lines.push(...texts.map((text) => JSON.parse(text) as LogLine));
    return ended.exitCode;
  });
  for (const { level, message } of lines) {
    if (message !== undefined) say(message, { indent: '  ', ...(level === 'error' && { color: colors.red }) });
  }
  const failed = lines.find(({ event }) => event === 'failed');
  if (failed)
    say(`exit code ${exitCode} (${failed.exit}), reason: ${failed.reason?.kind ?? 'not given'}`, { indent: '  ' });
  return exitCode;
}

let seen = 0;

/** Waits for the next email. */
export async function nextEmail(emulator: Emulator): Promise<Email> {
  for (let tries = 0; tries < 240; tries++) {
    const email = (await emulator.emails())[seen];
    if (email) {
      seen++;
      return email;
    }
    await sleep(250);
  }
  throw new Error('no email came within a minute');
}
