import * as fc from 'fast-check';
import type { RetainedBackup } from '../../../catalog/retention/retention';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import { PERIODS, WEEK_STARTS } from '../../../catalog/retention/retention-policy';

/** As many cases as each property is tried with. */
export const RUNS = { numRuns: 10_000 };

const HOUR = 3_600_000;
/** A change of the clock by an hour, on other days; by half an hour; and none, at an odd offset. */
const ZONES = ['UTC', 'Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'];

/** Moments at which calendars are strange: leap days, year ends, changes of the clock forth and back. */
const STRANGE = [
  ...['2024-02-29T12:00:00Z', '2028-02-29T23:59:59Z', '2026-12-31T23:30:00Z', '2027-01-01T00:00:00Z'],
  ...['2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z', '2026-03-08T07:00:00Z', '2026-11-01T06:00:00Z'],
  ...['2026-04-04T15:00:00Z', '2026-10-03T15:30:00Z', '2026-04-30T18:15:00Z', '2000-01-01T00:00:00Z'],
].map((time) => Date.parse(time));

/** Spans between a backup and its neighbour, from the same second to missing years. */
const GAPS = [0, 1, 900, 1800, 3600, 6 * 3600, 86_400, 7 * 86_400, 31 * 86_400, 400 * 86_400];

const nearBy = fc
  .tuple(fc.constantFrom(...STRANGE), fc.integer({ min: -48, max: 48 }), fc.integer({ min: -1, max: 1 }))
  .map(([time, halfHours, seconds]) => time + (halfHours * HOUR) / 2 + seconds * 1000);
const anyTime = fc.integer({ min: Date.parse('2023-12-30T00:00:00Z') / 1000, max: Date.parse('2028-03-02') / 1000 });

/** Times that cluster, in no order. */
const times = fc.oneof(
  fc
    .tuple(nearBy, fc.array(fc.constantFrom(...GAPS), { maxLength: 12 }))
    .map(([start, gaps]) => gaps.reduce((all, gap) => [...all, all.at(-1)! - gap * 1000], [start])),
  fc.array(
    fc.oneof(
      nearBy,
      anyTime.map((seconds) => seconds * 1000),
    ),
    { maxLength: 12 },
  ),
);

const state = fc.record(
  {
    damage: fc.constant('shop.sql.zst is missing'),
    proven: fc.constant(true),
    held: fc.constant('locked until 2027-01-01T00:00:00Z'),
  },
  { requiredKeys: [] },
);
/** Most backups are whole and nothing else. */
const usual = fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: state });

/** Backups of one source, each with an id of its own, those of one second included. */
export const anyBackups: fc.Arbitrary<RetainedBackup[]> = times.chain((all) =>
  fc
    .array(usual, { minLength: all.length, maxLength: all.length })
    .map((states) => all.map((time, index) => ({ id: `b${10 + index}`, time: new Date(time), ...states[index]! }))),
);

const count = fc.integer({ min: 1, max: 4 });

/** A policy with some of the rules. */
export const anyPolicy: fc.Arbitrary<RetentionPolicy> = fc.record(
  {
    keepLast: count,
    keepForSeconds: fc.constantFrom(3600, 86_400, 40 * 86_400),
    ...(Object.fromEntries(PERIODS.map((period) => [period, count])) as Record<(typeof PERIODS)[number], typeof count>),
    timeZone: fc.constantFrom(...ZONES),
    weekStart: fc.constantFrom(...WEEK_STARTS),
  },
  { requiredKeys: ['keepLast', 'timeZone', 'weekStart'] },
);

/** What the clock says: near the backups, or far before or after all of them. */
export const anyNow: fc.Arbitrary<Date> = fc
  .oneof(
    nearBy,
    anyTime.map((seconds) => seconds * 1000),
    fc.constantFrom(
      ...['1970-01-01', '2024-01-01', '2026-06-01', '2028-03-02', '2099-12-31'].map((day) => Date.parse(day)),
    ),
  )
  .map((time) => new Date(time));
