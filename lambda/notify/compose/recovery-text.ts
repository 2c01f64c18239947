import type { Signal } from '../../../catalog/contract/alarms';
import type { Recovery } from '../../../catalog/contract/notification';
import type { Clock } from './clock';
import { whole } from './clock';
import { newestText } from './problem-text';
import { isHalf, overOf, spanOf, stillOf } from './subjects';
import { oneLine, sentence, wrapped } from './text';

/** What was wrong, in words. */
export const SIGNAL_WORDS: Readonly<Record<Signal, string>> = {
  failed: 'runs failed',
  'never-started': 'runs were not started',
  silent: 'no new backup came',
  'strange-size': 'the size was strange',
  'not-proven': 'no backup was proven',
  housekeeping: 'it did not work',
};

/** Paragraphs about what is well again. */
export function recoveryText(recoveries: readonly Recovery[], clock: Clock): string[] {
  const several = recoveries.length > 1;
  return [
    ...(several ? [wrapped(intro(recoveries))] : []),
    ...recoveries.map((recovery) => one(recovery, clock, several)),
  ];
}

function intro(recoveries: readonly Recovery[]): string {
  const half = recoveries.filter(isHalf).length;
  return half === 0
    ? `${recoveries.length} sources are well again.`
    : `Something is over with ${recoveries.length} sources. With ${half} of them something else is still wrong.`;
}

function one(recovery: Recovery, clock: Clock, short: boolean): string {
  const { about, signals, since, at, times, newest, quiet } = recovery;
  if (quiet) {
    const said = `${oneLine(about)}: ${overOf(recovery)} for 14 days. It began at ${clock.full(since)}.`;
    return wrapped(
      `${said} Nothing will tell that it is over: this is the last email about it unless it happens again.`,
    );
  }
  const was = signals.map((signal) => SIGNAL_WORDS[signal] ?? signal).join(', ');
  const missed =
    times !== undefined && times > 0 && signals.some((signal) => signal === 'failed' || signal === 'never-started');
  const lines = [
    wrapped(sentence(`${oneLine(about)}: ${overOf(recovery)}, since ${clock.full(at)}`)),
    wrapped(
      `Before, from ${clock.full(since)} on, for ${spanOf(recovery)}: ${was}.${missed ? ` ${times === 1 ? 'One run' : `${whole(times)} runs`} made no backup.` : ''}`,
    ),
    ...(isHalf(recovery) ? [wrapped(`Still open: ${stillOf(recovery)}. You get one email when that is over.`)] : []),
    ...(newest === undefined
      ? []
      : [
          `${short ? '' : 'NEWEST BACKUP\n'}${newestText(newest, undefined, clock, short ? 'Its newest backup' : 'It')}`,
        ]),
  ];
  return lines.join(short ? '\n' : '\n\n');
}
