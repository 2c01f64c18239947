import type { Signal } from '../../../catalog/contract/alarms';
import type { Recovery } from '../../../catalog/contract/notification';
import { countOf } from '../../../catalog/units';
import { backupText } from './backup-text';
import type { ZoneClock } from './clock';
import { isHalf, overOf, spanOf, stillOf } from './subjects';
import { oneLine, sentence, wrapped } from './text';

const WAS: Readonly<Record<Signal, string>> = {
  failed: 'runs failed',
  'never-started': 'runs were not started',
  silent: 'there was no new backup',
  'strange-size': 'the size was strange',
  'not-proven': 'restore tests had a problem',
  housekeeping: 'it did not work',
};

/** Paragraphs about problems that are over. */
export function recoveryText(recoveries: readonly Recovery[], clock: ZoneClock): string[] {
  const several = recoveries.length > 1;
  return [
    ...(several ? [wrapped(intro(recoveries))] : []),
    ...recoveries.map((recovery) => recoveryOf(recovery, clock, several)),
  ];
}

function intro(recoveries: readonly Recovery[]): string {
  const half = recoveries.filter(isHalf).length;
  const all = countOf(recoveries.length, 'source');
  return half === 0 ? `${all} work again.` : `A problem is over with ${all}; ${half} of them still have another one.`;
}

function recoveryOf(recovery: Recovery, clock: ZoneClock, short: boolean): string {
  const { about, signals, since, at, times, newest, quiet, stable } = recovery;
  const name = oneLine(about);
  if (quiet) {
    return wrapped(
      `${name}: it has not happened again for 14 days. It began at ${clock.full(since)}. This is the last email about it unless it happens again.`,
    );
  }
  const was = signals.map((signal) => WAS[signal] ?? signal).join(', ');
  const missed = stable
    ? ` It failed ${countOf(times ?? 0, 'time')}.`
    : times !== undefined && times > 0 && signals.some((signal) => signal === 'failed' || signal === 'never-started')
      ? ` ${countOf(times, 'run')} made no backup.`
      : '';
  const before = stable
    ? `It failed and recovered in turn since ${clock.full(since)}.${missed}`
    : `From ${clock.full(since)}, for ${spanOf(recovery)}: ${was}.${missed}`;
  const lines = [
    wrapped(sentence(`${name}: ${overOf(recovery)}${stable ? '' : `, since ${clock.full(at)}`}`)),
    wrapped(before),
    ...(isHalf(recovery) ? [wrapped(`Still open: ${stillOf(recovery)}. You get one email when that is over.`)] : []),
    ...(newest === undefined
      ? []
      : [`${short ? 'Newest backup:' : 'NEWEST BACKUP'}\n${backupText(newest, undefined, clock)}`]),
  ];
  return lines.join(short ? '\n' : '\n\n');
}
