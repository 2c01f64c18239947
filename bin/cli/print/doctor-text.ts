/** Shows what checks found. */
import { groupBy } from '../../../catalog/group-by';
import { countOf } from '../../../catalog/units';
import type { Finding, Result } from '../doctor/finding';
import { RESULTS } from '../doctor/finding';
import type { Output } from './output';
import { wrap } from './table';

/** A check, and what it found. */
export interface Checked {
  readonly id: string;
  readonly title: string;
  readonly findings: readonly Finding[];
}

/** Room for the longest result, and a gap. */
const INDENT = Math.max(...RESULTS.map(({ length }) => length)) + 2;
/** Things with the same finding that are named. */
const NAMED = 5;

/** Prints one line for a check that is well, and what to do about what is not. */
export function printCheck(output: Output, { id, title, findings }: Checked): void {
  const worse = findings.filter(({ result }) => result !== 'ok');
  if (findings.length > 0 && worse.length === 0) print(output, 'ok', `${id}: ${title} (${findings.length})`);
  // What is not allowed is told in other words about each thing.
  const same = ({ result, finding, action = finding }: Finding) =>
    JSON.stringify([result, action, result === 'not checked' ? '' : finding]);
  for (const group of groupBy(worse, same).values()) {
    const { result, finding, action } = group[0]!;
    const names = [...new Set(group.map(({ of }) => of))];
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
    print(output, result, `${id}: ${names.slice(0, NAMED).join(', ')}${more}: ${finding}`);
    if (action !== undefined) print(output, undefined, `→ ${action}`);
  }
}

/** Prints how many findings there are of each kind, the worst first. */
export function printSummary(output: Output, checks: readonly Checked[]): void {
  const results = checks.flatMap(({ findings }) => findings.map(({ result }) => result));
  const counts = RESULTS.toReversed().map(
    (result) => [results.filter((one) => one === result).length, result] as const,
  );
  const found = counts.filter(([count]) => count > 0).map(([count, result]) => `${count} ${result}`);
  output.print();
  output.print(`${countOf(checks.length, 'check')}: ${found.join(', ') || 'nothing to check'}`);
  if (results.includes('not checked')) {
    output.note('what is not checked may be broken: allow it, or leave it out with --skip');
  }
}

function print(output: Output, result: Result | undefined, text: string): void {
  const { colors, streams } = output;
  const color = { ok: colors.green, warning: colors.yellow, 'not checked': colors.yellow, failed: colors.red };
  const { isTTY, columns } = streams.stdout;
  // Names may come from anybody: a terminal would obey their control characters.
  const lines = wrap(text.replace(/\p{Cc}/gu, '?'), isTTY && columns ? Math.max(columns - INDENT, 20) : Infinity);
  lines.forEach((line, index) => {
    const label = index === 0 ? (result ?? '') : '';
    const padding = ' '.repeat(INDENT - label.length);
    output.print(`${label && result ? color[result](label) : ''}${padding}${line}`);
  });
}
