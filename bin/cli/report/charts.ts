/** Charts of a report, as inline SVG: colours follow the style sheet, and each says in words what it shows. */
import { backupIdTime } from '../../../catalog/bucket/names';
import { groupBy } from '../../../catalog/group-by';
import { countOf, formatBytes } from '../../../catalog/units';
import type { ListedBackup } from '../aws/stored-backups';
import { html, type Markup } from './markup';

const DAY_MS = 86_400_000;
const CELL = 18;
/** Months of a calendar. */
const MONTHS = 13;
/** Days in which each day without a backup is a gap: older ones may have been thinned out by the retention. */
const GAP_DAYS = 7;

const timeOf = ({ id }: ListedBackup): number => backupIdTime(id)!.getTime();
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** The state of a day: the worst of its backups. */
function stateOf(backups: readonly ListedBackup[]): readonly [className: string, mark: string, words: string] {
  if (backups.some(({ damage, test }) => damage !== undefined || test?.verdict === 'failed'))
    return ['bad', '!', 'a damaged backup, or a restore test that failed'];
  if (backups.some(({ test }) => test?.verdict === 'passed')) return ['proven', '✓', 'proven'];
  return ['kept', '·', countOf(backups.length, 'backup')];
}

/** A row for each month, a cell for each day. */
export function calendar(backups: readonly ListedBackup[], now: Date): Markup {
  const byDay = groupBy(backups, (one) => dayOf(timeOf(one)));
  const first = new Date(Math.max(Math.min(...backups.map(timeOf)), now.getTime() - MONTHS * 30 * DAY_MS));
  const months: string[] = [];
  for (let at = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth())); at <= now;) {
    months.push(at.toISOString().slice(0, 7));
    at = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1));
  }
  const [today, oldest] = [dayOf(now.getTime()), dayOf(Math.min(...backups.map(timeOf)))];
  // Of today the backup may still come.
  const recent = dayOf(now.getTime() - GAP_DAYS * DAY_MS);
  let gaps = 0;
  const cells = months.flatMap((month, row) =>
    Array.from({ length: 31 }, (_, index) => {
      const day = `${month}-${String(index + 1).padStart(2, '0')}`;
      if (Number.isNaN(Date.parse(day)) || dayOf(Date.parse(day)) !== day || day > today) return undefined;
      const own = byDay.get(day);
      const isGap = !own && day >= recent && day > oldest && day < today;
      if (isGap) gaps++;
      const [className, mark, words] = own
        ? stateOf(own)
        : isGap
          ? ['bad', '×', 'no backup']
          : ['none', '', 'none stored'];
      const [x, y] = [64 + index * CELL, 18 + row * CELL];
      return html`<g class="${className}"
        ><title>${day}: ${words}</title><rect x="${x}" y="${y}" width="15" height="15" rx="2" /><text
          x="${x + 7.5}"
          y="${y + 11.5}"
          >${mark}</text
        ></g
      >`;
    }),
  );
  const label = `Calendar of ${countOf(backups.length, 'backup')} on ${countOf(byDay.size, 'day')}; ${countOf(gaps, 'day')} without one in the last ${GAP_DAYS} days`;
  return html`<svg
      class="calendar"
      role="img"
      aria-label="${label}"
      viewBox="0 0 ${64 + 31 * CELL} ${20 + months.length * CELL}"
    >
      ${[1, 5, 10, 15, 20, 25, 30].map((day) => html`<text class="axis" x="${64 + (day - 1) * CELL + 7.5}" y="12">${day}</text>`)}
      ${months.map((month, row) => html`<text class="month" x="0" y="${18 + row * CELL + 12}">${month}</text>`)}
      ${cells}
    </svg>
    <p class="legend">
      ✓ proven · backup × no backup (last ${GAP_DAYS} days) ! damaged, or its restore test failed. Empty: none stored;
      the retention thins out older days.
    </p> `;
}

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [640, 130, 70, 20];

/** Stored bytes of each backup over time. */
export function sizes(backups: readonly ListedBackup[]): Markup | undefined {
  const points = [...backups].reverse();
  if (points.length < 2) return undefined;
  const [from, to] = [timeOf(points[0]!), timeOf(points.at(-1)!)];
  const most = Math.max(...points.map(({ bytes }) => bytes), 1);
  const x = (time: number): number => LEFT + ((time - from) / Math.max(1, to - from)) * (WIDTH - LEFT - 8);
  const y = (bytes: number): number => 8 + (1 - bytes / most) * (HEIGHT - BOTTOM - 8);
  const line = points.map((one) => `${x(timeOf(one)).toFixed(1)},${y(one.bytes).toFixed(1)}`).join(' ');
  const label = `Stored size from ${formatBytes(points[0]!.bytes)} to ${formatBytes(points.at(-1)!.bytes)}, at most ${formatBytes(most)}`;
  return html`<svg class="sizes" role="img" aria-label="${label}" viewBox="0 0 ${WIDTH} ${HEIGHT}">
    <line x1="${LEFT}" y1="${y(0)}" x2="${WIDTH - 8}" y2="${y(0)}" />
    <line x1="${LEFT}" y1="8" x2="${LEFT}" y2="${y(0)}" />
    <text class="value" x="${LEFT - 6}" y="14">${formatBytes(most)}</text>
    <text class="value" x="${LEFT - 6}" y="${y(0)}">0</text>
    <text class="start" x="${LEFT}" y="${HEIGHT - 4}">${dayOf(from)}</text>
    <text class="value" x="${WIDTH - 8}" y="${HEIGHT - 4}">${dayOf(to)}</text>
    <polyline points="${line}" />
  </svg> `;
}
