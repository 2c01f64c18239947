/** Shows what checks found. */
import { countOf } from '../../../catalog/units';
import type { Finding, Result } from '../doctor/finding';
import { RESULTS } from '../doctor/finding';
import { sum } from '../sum';
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

/** Prints one line for a check that is well, and what to do for each that is not. */
export function printChecks(output: Output, checks: readonly Checked[]): void {
  for (const { id, title, findings } of checks) {
    const worse = findings.filter(({ result }) => result !== 'ok');
    if (findings.length > 0 && worse.length === 0) print(output, 'ok', `${id}: ${title} (${findings.length})`);
    for (const { of, result, finding, action } of worse) {
      print(output, result, `${id}: ${of}: ${finding}`);
      if (action !== undefined) print(output, undefined, `→ ${action}`);
    }
  }
  const count = (result: Result): number =>
    sum(checks, ({ findings }) => findings.filter((one) => one.result === result).length);
  const counts = RESULTS.filter((result) => count(result) > 0).map((result) => `${count(result)} ${result}`);
  output.print();
  output.print(`${countOf(checks.length, 'check')}: ${counts.join(', ')}`);
  if (count('not checked') > 0) {
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
