/** Shows the verdict of a restore test. */
import type { CheckResult, Verdict } from '../../../catalog/bucket/verdict';
import { differenceText, leftText, untestedText } from '../../../catalog/proof-words';
import { countOf, formatBytes, formatCount } from '../../../catalog/units';
import { contentText, findEngine } from '../../../engines/facts';
import type { Output } from './output';
import { printable } from './table';
import { tookText } from './times';

/** What a check compares: the noun, and what it is of. */
const COMPARED: Readonly<Record<string, readonly [noun: string, of: string] | undefined>> = {
  bytes: ['object', ' of the backup'],
  load: ['object', ' of the backup'],
  sections: ['part', ' of the dump'],
  inventory: ['object', ' of the databases'],
  rows: ['table', ''],
  engine: ['check', ' of the engine'],
  expectations: ['expectation', ''],
};
/** Prints a verdict: first whether the backup is proven, then what was compared, and what was not. */
export function printVerdict(
  output: Output,
  verdict: Verdict,
  { source, backup }: { readonly source: string; readonly backup: string },
): void {
  const { checks = [], differences = [], differenceCount = differences.length, loadSeconds } = verdict;
  const { colors } = output;
  const what = `backup ${backup} of ${source}`;
  const title = {
    passed: colors.green(`PROVEN: ${what} restores, and is what was dumped.`),
    failed: colors.red(
      `NOT PROVEN: ${what} does not restore as it was dumped: ${countOf(differenceCount, 'difference')}.`,
    ),
    'not-run': colors.yellow(`NOT TESTED: ${what}: ${printable(untestedText(verdict.reason ?? { kind: 'other' }))}.`),
  }[verdict.verdict];
  output.print(colors.bold(title));
  for (const difference of differences) output.print(`  ${printable(differenceText(difference))}`);
  const more = differenceCount - differences.length;
  if (differences.length > 0 && more > 0) output.print(`  and ${formatCount(more)} more`);
  if (loadSeconds !== undefined) output.print(`  restored  in ${tookText(loadSeconds)}${contentOf(verdict)}`);
  if (verdict.serverVersion !== undefined)
    output.print(printable(`  server    ${findEngine(verdict.engine ?? '')?.title ?? ''} ${verdict.serverVersion}`));
  if (checks.length === 0) return;
  output.print();
  output.table(['check', 'result', 'compared', 'not compared'], checks.map(checkRow));
}

const checkRow = ({ check, result, compared, left = [] }: CheckResult): string[] => [
  check,
  result === 'failed' ? 'FAILED' : result === 'not-run' ? 'not run' : result,
  compared > 0 ? comparedText(check, compared) : '-',
  left.map(({ why, count }) => `${formatCount(count)}: ${leftText(why)}`).join('; ') || '-',
];

function comparedText(check: string, compared: number): string {
  const [noun, of] = COMPARED[check] ?? [];
  return noun === undefined ? formatCount(compared) : `${countOf(compared, noun)}${of}`;
}

function contentOf({ engine, tables, rows, bytes, uncompressedBytes }: Verdict): string {
  const facts = [
    ...(tables === undefined ? [] : [contentText(engine, tables, rows)]),
    ...(bytes === undefined ? [] : [`${formatBytes(bytes)} stored`]),
    ...(uncompressedBytes === undefined ? [] : [`${formatBytes(uncompressedBytes)} before compression`]),
  ];
  return facts.length === 0 ? '' : `: ${facts.join(', ')}`;
}
