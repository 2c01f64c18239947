/** The summary of a restore, which a person can forward. */
import type { Manifest } from '../../../catalog/bucket/manifest';
import type { RestoreReport } from '../../../catalog/contract/restore';
import { countOf } from '../../../catalog/units';
import type { Output } from './output';
import { printNotes } from './restore-plan';
import { printable } from './table';

/** Tables that are named. */
const SHOWN = 5;

/** Prints what was restored, and what remains to be done. */
export function printReport(output: Output, { source, engine }: Manifest, report: RestoreReport): void {
  const { targets, tables, rows, uncompared, seconds } = report;
  const names = targets.map(({ name }) => name).join(', ');
  const content = `${countOf(tables, 'table')}, ${countOf(rows, 'row')}`;
  output.print(
    printable(
      `${source} as of ${moment(report.asOf)} was restored into ${names} in ${tookText(seconds)}: ${content}, all as in the backup.`,
    ),
  );
  if (uncompared.length > 0) {
    const named = uncompared.slice(0, SHOWN).join(', ');
    const more = uncompared.length > SHOWN ? ` and ${uncompared.length - SHOWN} more` : '';
    output.note(
      printable(
        `rows of ${countOf(uncompared.length, 'table')} could not be compared, because they changed while the backup was made: ${named}${more}`,
      ),
    );
  }
  printNotes(output, engine, report.notes);
}

/** `2026-11-19 02:00 UTC` */
export const moment = (time: string): string => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** `45 s`, `3 min 12 s`, `2 h 5 min` */
function tookText(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
