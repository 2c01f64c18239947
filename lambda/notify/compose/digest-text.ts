import Table from 'cli-table3';
import type { Cause, DigestFrequency, Objectives, ProvenBackup, Signal } from '../../../catalog/contract/alarms';
import type { DigestRow } from '../../../catalog/contract/notification';
import { countOf, formatBytes, formatCount, formatDuration } from '../../../catalog/units';
import { contentText } from '../../../engines/facts';
import { engineText, trend } from './backup-text';
import type { ZoneClock } from './clock';
import type { Place } from './place';
import { ascii, body, capital, cut, middle, oneLine, sentence, subject, SUBJECT_CHARACTERS, wrapped } from './text';

/** Words for a source while a signal is open. */
const STATES: Readonly<Record<Signal, string>> = {
  failed: 'failing',
  'never-started': 'not starting',
  silent: 'silent',
  'strange-size': 'of a strange size',
  'not-proven': 'not proven',
  housekeeping: 'in trouble',
};

/** The same where a cause is something else than its signal says. */
const OF_CAUSE: Readonly<Partial<Record<Cause, string>>> = {
  'restore-test-not-run': 'not tested',
  'too-large': 'not tested',
  'recovery-too-slow': 'slow to restore',
};

/** The problems of a source, in words. */
function statesOf({ open, findings, failure, newest }: DigestRow): string[] {
  const causes = new Map(findings.map(({ signal, cause }) => [signal as Signal, cause]));
  const signals = new Set<Signal>([...open, ...causes.keys()]);
  return [
    ...[...signals].map((signal) => OF_CAUSE[causes.get(signal)!] ?? STATES[signal] ?? signal),
    ...(failure === undefined ? [] : ['not measured']),
    ...(newest === undefined && signals.size === 0 && failure === undefined ? ['without a backup'] : []),
  ];
}

const isWell = (row: DigestRow): boolean => statesOf(row).length === 0;

/** Sources with problems first, then by name. */
const sorted = (rows: readonly DigestRow[]): DigestRow[] =>
  [...rows].sort((a, b) => Number(isWell(a)) - Number(isWell(b)) || (a.source < b.source ? -1 : 1));

/** An open problem of the housekeeping. */
export interface OpenHousekeeping {
  /** Its name: `pruning`. */
  readonly about: string;
  readonly sentence: string;
}

export function digestSubject(
  rows: readonly DigestRow[],
  place: Place,
  often: DigestFrequency,
  clock: ZoneClock,
  housekeeping: readonly OpenHousekeeping[] = [],
): string {
  const [first, ...others] = sorted(rows);
  if (often === 'each' && first && others.length === 0) {
    const { newest, source, usualBytes } = first;
    const facts = newest
      ? [
          formatBytes(newest.bytes),
          trendWords(newest.uncompressedBytes, usualBytes),
          formatDuration(newest.durationSeconds),
        ]
      : [];
    const said = isWell(first) ? facts : [`but ${statesOf(first).join(' and ')}`];
    const time = clock.full(newest?.time ?? place.now);
    return subject(`BACKUP COMPLETE ${oneLine(source)}`, said.filter(Boolean).join(', '), time);
  }
  const bad = sorted(rows).filter((row) => !isWell(row));
  const day = `${clock.day(place.now)} ${clock.zone}`;
  const good = rows.length - bad.length;
  if (bad.length === 0 && housekeeping.length === 0) return subject(`BACKUPS OK ${good} of ${rows.length}`, '', day);
  const head = `BACKUPS ${good} of ${rows.length} OK`;
  const [one] = housekeeping;
  const also = !one
    ? ''
    : housekeeping.length === 1
      ? oneLine(one.about)
      : countOf(housekeeping.length, 'other problem');
  return subject(head, problemsText(bad, also, SUBJECT_CHARACTERS - head.length - day.length - 5), day);
}

/** `shop silent`, `problems with billing, shop`, `3 with problems: shop-008 and 2 more`: all that fit. */
function problemsText(bad: readonly DigestRow[], also: string, room: number): string {
  const [first] = bad;
  if (!first) return `problem with ${also}`;
  const more = also === '' ? '' : `, and ${also}`;
  if (bad.length === 1) return `${oneLine(first.source)} is ${statesOf(first).join(' and ')}${more}`;
  const names = bad.map(({ source }) => oneLine(source));
  for (let shown = names.length; shown > 0; shown--) {
    const rest = names.length - shown;
    const text = `problems with ${names.slice(0, shown).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}${more}`;
    if (ascii(text).length <= room) return text;
  }
  return `problems with ${countOf(bad.length, 'source')}${more}`;
}

const trendWords = (bytes: number, usual: number | undefined): string => {
  const text = trend(bytes, usual);
  return text === '-' ? '' : `${text} against the usual size`;
};

/** Paragraphs of a digest. */
export function digestText(
  rows: readonly DigestRow[],
  often: DigestFrequency,
  clock: ZoneClock,
  housekeeping: readonly OpenHousekeeping[] = [],
): string[] {
  const all = sorted(rows);
  const bad = all.filter((row) => !isWell(row));
  const intro =
    rows.length === 0
      ? 'No databases are set up.'
      : `${formatCount(rows.length - bad.length)} of ${countOf(rows.length, 'database')} ${rows.length - bad.length === 1 ? 'is' : 'are'} backed up${bad.length === 0 ? '' : ' without problems'}.`;
  return [
    often === 'each'
      ? body(all.map(({ source }) => wrapped(`The backup of ${oneLine(source)} is complete.`))).trimEnd()
      : wrapped(intro),
    ...(bad.length + housekeeping.length === 0
      ? []
      : [['PROBLEMS', ...housekeeping.map(housekeepingLine), ...bad.map((row) => problemLine(row))].join('\n')]),
    ...(all.length === 1 ? [single(all[0]!, clock)] : []),
    ...(all.length > 1 ? tableText(all, clock) : []),
  ];
}

const housekeepingLine = ({ about, sentence: said }: OpenHousekeeping): string =>
  wrapped(capital(sentence(`${cut(oneLine(about), 100)}: ${cut(oneLine(said), 500)}`)));

function problemLine(row: DigestRow): string {
  const said = [
    ...row.findings.map(({ sentence: words }) => words),
    ...(row.failure === undefined ? [] : [row.failure]),
  ];
  const detail = said.length === 0 ? '' : `: ${cut(oneLine(said.join('; ')), 500)}`;
  return wrapped(sentence(`${oneLine(row.source)} is ${statesOf(row).join(' and ')}${detail}`));
}

/** One source: a table with one row would say less. */
function single({ newest, usualBytes, proven, objectives, allowedAgeSeconds }: DigestRow, clock: ZoneClock): string {
  if (!newest) return wrapped('There is no backup to restore.');
  const change = trendWords(newest.uncompressedBytes, usualBytes);
  return [
    `You can restore to ${clock.full(newest.time)}.`,
    `Age: ${formatDuration(newest.ageSeconds)} (limit: ${formatDuration(allowedAgeSeconds)})`,
    ...(newest.recoveryPoint === undefined
      ? [
          `Size: ${formatBytes(newest.bytes)} stored, ${formatBytes(newest.uncompressedBytes)} before compression${change && ` (${change})`}`,
          `Content: ${contentText(newest.engine, newest.tables, newest.rows, ' with ')}, ${engineText(newest)}`,
        ]
      : [`Size: ${formatBytes(newest.bytes)}, ${engineText(newest)}`]),
    `Duration: ${formatDuration(newest.durationSeconds)}`,
    `Proven by a restore test: ${proven ? clock.full(proven.testedAt) : 'no'}`,
    ...restoreTime(proven, objectives),
  ]
    .map((line) => wrapped(line))
    .join('\n');
}

/** The recovery time that was measured, against its objective. */
function restoreTime(proven: ProvenBackup | undefined, objectives: Objectives | undefined): string[] {
  const { recoverySeconds } = proven ?? {};
  const { recoveryTimeSeconds: objective } = objectives ?? {};
  if (recoverySeconds === undefined && objective === undefined) return [];
  const measured = recoverySeconds === undefined ? 'not measured' : formatDuration(recoverySeconds);
  return [`A restore takes: ${measured}${objective === undefined ? '' : ` (objective: ${formatDuration(objective)})`}`];
}

/** The table and what its columns mean; how long restores take, where they were measured and the lines have room for it. */
function tableText(rows: readonly DigestRow[], clock: ZoneClock): string[] {
  const isMeasured = rows.some(({ proven }) => proven?.recoverySeconds !== undefined);
  const wide = isMeasured ? table(rows, clock, true) : undefined;
  const fits = wide?.split('\n').every((line) => line.length <= COLUMNS);
  const restore = fits
    ? ' Restore: how long one takes, as that test measured it, with the wait for its storage tier.'
    : '';
  return [
    fits ? wide! : table(rows, clock, false),
    wrapped(
      `Newest: time of the newest complete backup (${clock.zone}). Trend: size before compression against the median of the backups before it. Proven: day of the last restore test that passed.${restore} A * marks a source with a problem.`,
    ),
  ];
}

const COLUMNS = 72;
const HEADS = ['', 'source', 'newest', 'age', 'size', 'trend', 'proven'];
/** Widths of names, ages, sizes and trends. No real age, size or trend is longer. */
const [NAME, AGE, SIZE, TREND] = [18, 7, 10, 7];

/** `3 d 4 h`, but `13 d` in place of `13 d 23 h`. */
const ageText = (seconds: number): string => {
  const text = formatDuration(seconds, 'short');
  return text.length > AGE ? text.split(' ').slice(0, 2).join(' ') : text;
};

/** At most {@link COLUMNS} columns, without the times of restores. */
function table(rows: readonly DigestRow[], clock: ZoneClock, withRestores: boolean): string {
  const heads = withRestores ? [...HEADS, 'restore'] : HEADS;
  const cells = rows.map((row) => {
    const { source, newest, usualBytes, proven } = row;
    const facts = newest
      ? [
          clock.short(newest.time),
          cut(ageText(newest.ageSeconds), AGE),
          cut(formatBytes(newest.bytes), SIZE),
          cut(trend(newest.uncompressedBytes, usualBytes), TREND),
        ]
      : ['none', '-', '-', '-'];
    const tested = proven ? clock.short(proven.testedAt).slice(0, 5) : 'no';
    const { recoverySeconds } = proven ?? {};
    const restore = recoverySeconds === undefined ? '-' : ageText(recoverySeconds);
    const mark = isWell(row) ? ' ' : '*';
    return [mark, middle(ascii(source), NAME), ...facts, tested, ...(withRestores ? [restore] : [])];
  });
  const widths = heads.map((name, index) => Math.max(...cells.map((row) => [...row[index]!].length), name.length));
  const grid = new Table({
    head: heads,
    colWidths: widths.map((width, index) => width + (index === 0 ? 1 : 2)),
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'right'],
    chars: BORDERLESS,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1, compact: true },
  });
  grid.push(...cells);
  return grid.toString().replace(/ +$/gm, '');
}

const BORDERLESS = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid']
    .flatMap((side) => ['', '-mid', '-left', '-right'].map((part) => side + part))
    .concat('middle')
    .map((name) => [name, '']),
);
