/** The report of a bucket as one page that needs nothing else. */
import { backupIdTime } from '../../../catalog/bucket/names';
import { isUnprovable } from '../../../catalog/bucket/verdict';
import { UNPROVABLE, untestedText } from '../../../catalog/proof-words';
import { isComplete } from '../../../catalog/recovery-points';
import { countOf, formatBytes, formatCount, formatDuration } from '../../../catalog/units';
import type { SourcePlan } from '../aws/plans';
import type { ListedRecoveryPoint } from '../aws/recovery-points';
import type { ListedBackup } from '../aws/stored-backups';
import { retentionText, scheduleText } from '../print/plan-text';
import { recoveryOf } from '../print/proof';
import { age, tookText } from '../print/times';
import { calendar, sizes } from './charts';
import type { ReportData, ReportedSource } from './data';
import type { Markup } from './markup';
import { html, Markup as Raw, table } from './markup';
import { STYLE } from './style';

/** Restore tests and backups of a source that are listed one by one. */
const SHOWN = 60;

const minute = (time: string): string => `${time.slice(0, 16).replace('T', ' ')} UTC`;
const isWhole = ({ damage }: ListedBackup): boolean => damage === undefined;
/** When the newest backup was made, or the newest recovery point. */
function newestOf({ backups, recoveryPoints }: ReportedSource): Date | undefined {
  if (recoveryPoints) {
    const point = recoveryPoints.find(({ state }) => isComplete(state));
    return point && new Date(point.time);
  }
  const backup = backups.find(isWhole);
  return backup && backupIdTime(backup.id);
}
/** Nothing tests recovery points. */
const provenOf = ({ backups, recoveryPoints }: ReportedSource): ListedBackup | undefined =>
  recoveryPoints ? undefined : backups.find((one) => isWhole(one) && !one.safety && one.test?.verdict === 'passed');

/**
 * The page.
 *
 * @param sha256 of the data, in hex
 * @param file name of the file with the data
 */
export function reportPage(data: ReportData, sha256: string, file: string): string {
  const { bucket, madeAt, programVersion, objectivesFault, sources } = data;
  const now = new Date(madeAt);
  const good = sources.filter(({ problems, unjudged }) => problems.length === 0 && !unjudged);
  const tests = sources.flatMap(({ backups }) => backups.filter(({ test }) => test));
  const tiles: readonly (readonly [string, string])[] = [
    [`${formatCount(good.length)} of ${formatCount(sources.length)}`, 'sources without problems'],
    [formatCount(sources.reduce((sum, { backups }) => sum + backups.length, 0)), 'backups stored'],
    [
      formatBytes(sources.reduce((sum, { backups }) => sum + backups.reduce((all, { bytes }) => all + bytes, 0), 0)),
      'stored',
    ],
    [
      `${formatCount(tests.filter(({ test }) => test!.verdict === 'passed').length)} of ${formatCount(tests.length)}`,
      'restore tests passed',
    ],
  ];
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Backups in ${bucket}, ${minute(madeAt)}</title>
        <style>
          ${new Raw(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>Backups in ${bucket}</h1>
          <p class="soft">${minute(madeAt)}, by cdk-proven-backups ${programVersion}</p>
        </header>
        <main>
          ${
            objectivesFault === undefined
              ? undefined
              : html`<ul class="problems">
                  <li class="problem">${objectivesFault}</li>
                </ul>`
          }
          <div class="tiles">${tiles.map(([value, what]) => html`<div class="tile"><b>${value}</b>${what}</div>`)}</div>
          ${sources.length === 0 ? html`<p>There are no backups in this bucket${objectivesFault === undefined ? ', and none are expected' : ''}.</p>` : summary(sources, now)}
          ${sources.map((source) => sourceSection(source, now))}
        </main>
        <footer class="soft">
          <section>
            <p>
              Made from <code>${file}</code>, whose SHA-256 is <code>${sha256}</code>. Check it with
              <code>sha256sum ${file}</code>.
            </p>
            <p>
              A backup is proven if it was restored into an empty server, and that server dumped the same again. All
              times are UTC.
            </p>
          </section>
        </footer>
      </body>
    </html> `.text;
}

const summary = (sources: readonly ReportedSource[], now: Date): Markup =>
  table(
    'Sources, those with problems first',
    ['source', 'state', 'newest backup', 'objective', 'newest proven', 'restore takes', 'objective'],
    [...sources]
      .sort((a, b) => b.problems.length - a.problems.length)
      .map((source) => {
        const { objectives } = source;
        const [newest, proven] = [newestOf(source), provenOf(source)];
        const ago = (time: Date | undefined): string => (time ? age(time, now, 'ago') : 'none');
        const objective = (seconds: number | undefined): string =>
          seconds === undefined ? '-' : formatDuration(seconds, 'short');
        return [
          source.source,
          stateOf(source),
          ago(newest),
          objective(objectives?.recoveryPointSeconds ?? objectives?.allowedAgeSeconds),
          ago(proven && backupIdTime(proven.id)),
          (proven && recoveryOf(proven.test, proven.storageClass)?.text) ?? '-',
          objective(objectives?.recoveryTimeSeconds),
        ];
      }),
  );

function stateOf(source: ReportedSource): Markup {
  const { problems, objectives, unjudged } = source;
  if (problems.length > 0) return html`<span class="problem">✗ ${countOf(problems.length, 'problem')}</span>`;
  if (unjudged) return html`<span class="problem">age not judged</span>`;
  if (provenOf(source)) return html`<span class="ok">✓ OK</span>`;
  if (objectives?.tests === 'unprovable') return html`<span>${UNPROVABLE}</span>`;
  return html`<span>not proven${objectives?.tests === 'off' ? ', tests are off' : ' yet'}</span>`;
}

function sourceSection(source: ReportedSource, now: Date): Markup {
  const { source: name, engine, problems, backups, recoveryPoints, objectives, plan } = source;
  const tested = backups.filter(({ test }) => test);
  const chart = sizes(backups.filter(isWhole));
  return html`<section>
    <h2>${name}</h2>
    <p class="soft">
      ${recoveryPoints ? 'AWS Backup' : (engine ?? 'unknown engine')},
      ${recoveryPoints ? countOf(recoveryPoints.length, 'recovery point') : countOf(backups.length, 'backup')}${objectives?.tests === 'off' ? ', restore tests are off' : ''}
    </p>
    ${
      problems.length > 0
        ? html`<ul class="problems">
            ${problems.map((problem) => html`<li class="problem">${problem}</li>`)}
          </ul>`
        : undefined
    }
    ${planLines(plan)} ${backups.length > 0 ? calendar(backups, now) : undefined}
    ${
      chart &&
      html`<h3>Stored size</h3>
        ${chart}`
    }
    ${tested.length > 0 ? table('Restore tests', ['backup', 'tested', 'result', 'restore took', 'what was found'], tested.slice(0, SHOWN).map(testRow)) : html`<p class="soft">No restore test.</p>`}
    ${more(tested.length, 'restore test')}
    ${
      backups.length > 0
        ? html`<details>
            <summary>${countOf(backups.length, 'backup')}</summary>
            ${table('Backups', ['backup', 'size', 'tables', 'rows', 'storage'], backups.slice(0, SHOWN).map(backupRow))}${more(backups.length, 'backup')}
          </details>`
        : undefined
    }
    ${recoveryPoints && recoveryPoints.length > 0 ? html`${table('Recovery points', ['recovery point', 'made', 'size', 'state', 'vault', 'kept until'], recoveryPoints.slice(0, SHOWN).map(pointRow))}${more(recoveryPoints.length, 'recovery point')}` : undefined}
  </section> `;
}

/** Two facts that an auditor looks for: when backups are made, and which are kept. */
function planLines(plan: SourcePlan | undefined): Markup | undefined {
  if (!plan) return undefined;
  const { schedule, retention } = plan;
  return html`<dl>
    ${
      schedule &&
      html`<dt>Made</dt>
        <dd>${scheduleText(schedule)}</dd>`
    }${
      retention &&
      html`<dt>Kept</dt>
        <dd>${retention === 'none' ? 'all: nothing prunes them' : retentionText(retention)}</dd>`
    }
  </dl>`;
}

const more = (count: number, what: string): Markup | undefined =>
  count > SHOWN ? html`<p class="soft">And ${countOf(count - SHOWN, `older ${what}`)}, in the data.</p>` : undefined;

function testRow({ id, test }: ListedBackup): readonly (string | Markup)[] {
  const { verdict, testedAt, loadSeconds, differenceCount, reason } = test!;
  const [word, said] = {
    passed: [html`<span class="ok">✓ passed</span>`, 'what was restored is what was dumped'],
    failed: [
      html`<span class="problem">✗ FAILED</span>`,
      differenceCount === undefined ? 'it differs' : countOf(differenceCount, 'difference'),
    ],
    'not-run': [
      html`<span>${isUnprovable(test!) ? UNPROVABLE : 'not run'}</span>`,
      untestedText(reason ?? { kind: 'other' }),
    ],
  }[verdict] as [Markup, string];
  return [id, minute(testedAt), word, loadSeconds === undefined ? '-' : tookText(loadSeconds), said];
}

const backupRow = ({ id, bytes, tables, rows, storageClass, damage }: ListedBackup): readonly (string | Markup)[] => [
  id,
  damage === undefined ? formatBytes(bytes) : html`<span class="problem">damaged: ${damage}</span>`,
  tables === undefined ? '-' : formatCount(tables),
  rows === undefined ? '-' : formatCount(rows),
  storageClass,
];

const pointRow = ({ id, time, bytes, state, vault, keptUntil }: ListedRecoveryPoint): readonly string[] => [
  ...[id, minute(time), formatBytes(bytes), state, vault],
  keptUntil === undefined ? 'for ever' : minute(keptUntil).slice(0, 10),
];
