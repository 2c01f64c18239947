import Table from 'cli-table3';
import type { Digest, Signal } from '../../../catalog/contract/alarms';
import type { DigestRow } from '../../../catalog/contract/notification';
import type { Clock } from './clock';
import { shortSpan, size, span, trend, whole } from './clock';
import type { Place } from './place';
import { body, capital, clean, cut, middle, oneLine, sentence, subject, wrapped } from './text';

/** What a source is while a signal is open. */
const STATES: Readonly<Record<Signal, string>> = {
  failed: 'failing',
  'never-started': 'not starting',
  silent: 'silent',
  'strange-size': 'of a strange size',
  'not-proven': 'not proven',
  housekeeping: 'in trouble',
};

/** What is wrong with a source, in words. */
function wrongs({ open, findings, failure, newest }: DigestRow): string[] {
  const signals = new Set<Signal>([...open, ...findings.map(({ signal }) => signal)]);
  return [
    ...[...signals].map((signal) => STATES[signal] ?? signal),
    ...(failure === undefined ? [] : ['not measured']),
    ...(newest === undefined && signals.size === 0 && failure === undefined ? ['without a backup'] : []),
  ];
}

const isWell = (row: DigestRow): boolean => wrongs(row).length === 0;

/** Those with problems first, then by name. */
const sorted = (rows: readonly DigestRow[]): DigestRow[] =>
  [...rows].sort((a, b) => Number(isWell(a)) - Number(isWell(b)) || (a.source < b.source ? -1 : 1));

/** What is open of the housekeeping. */
export interface OpenHousekeeping {
  /** What it concerns: `pruning`. */
  readonly about: string;
  readonly sentence: string;
}

export function digestSubject(
  rows: readonly DigestRow[],
  place: Place,
  often: Digest,
  clock: Clock,
  housekeeping: readonly OpenHousekeeping[] = [],
): string {
  const [first, ...others] = sorted(rows);
  if (often === 'each' && first && others.length === 0) {
    const { newest, source, usualBytes } = first;
    const facts = newest
      ? [size(newest.bytes), trendWords(newest.uncompressedBytes, usualBytes), `${span(newest.durationSeconds)}`]
      : [];
    const said = isWell(first) ? facts : [`but ${wrongs(first).join(' and ')}`];
    return subject(
      `BACKUP COMPLETE ${oneLine(source)}`,
      said.filter(Boolean).join(', '),
      clock.full(newest?.time ?? place.now),
    );
  }
  const bad = sorted(rows).filter((row) => !isWell(row));
  const day = `${clock.day(place.now)} ${clock.zone}`;
  const good = rows.length - bad.length;
  if (bad.length === 0 && housekeeping.length === 0) return subject(`BACKUPS OK ${good} of ${rows.length}`, '', day);
  if (housekeeping.length > 0) {
    const [one] = housekeeping;
    const what =
      housekeeping.length === 1 ? `trouble with ${oneLine(one!.about)}` : `${housekeeping.length} troubles around them`;
    return subject(`BACKUPS: ${good} of ${rows.length} well, but ${cut(what, 40)}`, '', day);
  }
  const which =
    bad.length === 1
      ? `${oneLine(bad[0]!.source)} is ${wrongs(bad[0]!).join(' and ')}`
      : `not ${bad.map(({ source }) => oneLine(source)).join(', ')}`;
  return subject(`BACKUPS ${good} of ${rows.length} OK, ${cut(which, 38)}`, '', day);
}

const trendWords = (bytes: number, usual: number | undefined): string => {
  const text = trend(bytes, usual);
  return text === '-' ? '' : `${text} against the usual`;
};

/** Paragraphs of a digest. */
export function digestText(
  rows: readonly DigestRow[],
  often: Digest,
  clock: Clock,
  housekeeping: readonly OpenHousekeeping[] = [],
): string[] {
  const all = sorted(rows);
  const bad = all.filter((row) => !isWell(row));
  const intro =
    rows.length === 0 ? 'No sources are set up.' : `${rows.length - bad.length} of ${rows.length} sources are well.`;
  return [
    often === 'each'
      ? body(all.map(({ source }) => wrapped(`Backup of ${oneLine(source)} is complete.`))).trimEnd()
      : wrapped(intro),
    ...(bad.length + housekeeping.length === 0
      ? []
      : [['PROBLEMS', ...housekeeping.map(trouble), ...bad.map((row) => problem(row))].join('\n')]),
    ...(all.length === 1 ? [single(all[0]!, clock)] : []),
    ...(all.length > 1 ? [table(all, clock), legend(clock)] : []),
  ];
}

const trouble = ({ about, sentence: said }: OpenHousekeeping): string =>
  wrapped(capital(sentence(`${cut(oneLine(about), 100)}: ${cut(oneLine(said), 500)}`)));

function problem(row: DigestRow): string {
  const said = [
    ...row.findings.map(({ sentence: words }) => words),
    ...(row.failure === undefined ? [] : [`could not be measured: ${row.failure}`]),
  ];
  return wrapped(
    `${oneLine(row.source)} is ${wrongs(row).join(' and ')}${said.length === 0 ? '.' : `: ${cut(oneLine(said.join('; ')), 500)}`}`,
  );
}

/** A table of one row would say less. */
function single({ newest, usualBytes, proven, allowedAgeSeconds }: DigestRow, clock: Clock): string {
  if (!newest) return wrapped('There is no backup to restore from.');
  const rows = newest.rows === undefined ? '' : ` with ${whole(newest.rows)} rows`;
  const change = trendWords(newest.uncompressedBytes, usualBytes);
  return [
    `You can restore to ${clock.full(newest.time)}.`,
    `Age: ${span(newest.ageSeconds)} (up to ${span(allowedAgeSeconds)} are allowed)`,
    `Size: ${size(newest.bytes)} stored, ${size(newest.uncompressedBytes)} before compression${change && ` (${change})`}`,
    `Content: ${whole(newest.tables)} tables${rows}`,
    `Took: ${newest.durationSeconds < 120 ? `${whole(newest.durationSeconds)} seconds` : span(newest.durationSeconds)}`,
    `Proven by a restore test: ${proven ? clock.full(proven.testedAt) : 'no'}`,
  ]
    .map((line) => wrapped(line))
    .join('\n');
}

const legend = (clock: Clock): string =>
  wrapped(
    `Newest: when the newest whole backup was made (${clock.zone}). Trend: its size before compression against the median of those before it. Proven: when a restore test last passed. A * marks a source with a problem.`,
  );

const HEADS = ['', 'source', 'newest', 'age', 'size', 'trend', 'proven'];
const NAME = 20;
/** Of a number with its unit. No real one is longer. */
const NUMBER = 7;

/** At most 72 columns. */
function table(rows: readonly DigestRow[], clock: Clock): string {
  const cells = rows.map((row) => {
    const { source, newest, usualBytes, proven } = row;
    const facts = newest
      ? [
          clock.short(newest.time),
          shortSpan(newest.ageSeconds),
          size(newest.bytes),
          trend(newest.uncompressedBytes, usualBytes),
        ]
      : ['none', '-', '-', '-'];
    const tested = proven ? clock.short(proven.testedAt).slice(0, 5) : 'no';
    return [
      isWell(row) ? ' ' : '*',
      middle(clean(oneLine(source)), NAME),
      ...facts.map((fact, index) => (index === 0 ? fact : cut(fact, NUMBER))),
      tested,
    ];
  });
  const widths = HEADS.map((name, index) => Math.max(...cells.map((row) => [...row[index]!].length), name.length));
  const grid = new Table({
    head: HEADS,
    colWidths: widths.map((width, index) => width + (index === 0 ? 1 : 2)),
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'right'],
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
