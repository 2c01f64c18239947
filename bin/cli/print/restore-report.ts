/** The summary of a restore, which a person can forward. */
import type { Manifest } from '../../../catalog/bucket/manifest';
import type { RestoreReport } from '../../../catalog/contract/restore';
import { countOf } from '../../../catalog/units';
import { contentText, wordsOf } from '../../../engines/facts';
import { printNotes } from './notes';
import type { Output } from './output';
import { printable } from './table';
import { tookText } from './times';

/** Tables that are named. */
const SHOWN = 5;

/** Prints what was restored, and what remains to be done. */
export function printReport(output: Output, { source, engine }: Manifest, report: RestoreReport): void {
  const { targets, tables, rows, uncompared, seconds } = report;
  const names = targets.map(({ name }) => name).join(', ');
  const content = contentText(engine, tables, rows);
  output.print(
    printable(
      `${source} as of ${moment(report.asOf)} was restored into ${names} in ${tookText(seconds)}: ${content}, all as in the backup.`,
    ),
  );
  if (uncompared.length > 0) {
    const { table, row } = wordsOf(engine);
    const named = uncompared.slice(0, SHOWN).join(', ');
    const more = uncompared.length > SHOWN ? ` and ${uncompared.length - SHOWN} more` : '';
    output.note(`${row}s of ${countOf(uncompared.length, table)} could not be compared exactly: ${named}${more}`);
  }
  printNotes(output, engine, report.notes);
}

/** `2026-11-19 02:00 UTC` */
export const moment = (time: string): string => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
