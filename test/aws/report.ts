import Table from 'cli-table3';
import { version } from '../../package.json';
import { version as cdkVersion } from 'aws-cdk-lib/package.json';
import type { Result } from './check';
import type { Part } from './names';

/** Where and when the checks ran. */
export interface Run {
  readonly at: Date;
  readonly region: string;
  readonly emulated: boolean;
  readonly parts: readonly Part[];
}

const OUTCOMES = ['verified', 'refuted', 'not answered'] as const;

/** `12 verified, 0 refuted, 6 not answered` */
export const summary = (results: readonly Result[]): string =>
  OUTCOMES.map((wanted) => `${results.filter(({ outcome }) => outcome === wanted).length} ${wanted}`).join(', ');

/** The results as a table for a terminal. */
export function tableOf(results: readonly Result[]): string {
  const table = new Table({
    head: ['check', 'outcome', 'seen'],
    colWidths: [34, 14, 72],
    wordWrap: true,
    style: { head: [] },
  });
  for (const { check, outcome, seen } of results) table.push([check.id, outcome, seen]);
  return table.toString();
}

const cell = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;')
    .replace(/\b\d{12}\b/g, '…');

/** The results as a page of the documentation. Names no account. */
export function pageOf(results: readonly Result[], { at, region, emulated, parts }: Run): string {
  const place = emulated ? 'an emulated AWS, which proves nothing about AWS' : `AWS, Region ${region}`;
  const rows = results.map(
    ({ check, outcome, seen }) => `| ${[check.id, cell(check.question), outcome, cell(seen)].join(' | ')} |`,
  );
  return `# Verified on AWS

Written by [the self-test](self-test.md) on ${at.toISOString().slice(0, 10)}, on ${place}, with cdk-proven-backups ${version},
aws-cdk-lib ${cdkVersion} and Node.js ${process.versions.node}; parts on request: ${parts.join(', ') || 'none'}. ${summary(results)}.

| check | question | outcome | seen |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
