import * as fc from 'fast-check';
import type { Cause, Signal, SourceHealth } from '../../../catalog/contract/alarms';
import type { Decidable } from '../../../lambda/notify/problems/decide';
import { decide } from '../../../lambda/notify/problems/decide';
import { DAMPED } from '../../../lambda/notify/problems/flapping';
import type { OpenProblem, Remembered } from '../../../lambda/notify/problems/remembered';
import { blank } from '../../../lambda/notify/problems/remembered';
import type { Tell } from '../../../lambda/notify/problems/decision';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-20T00:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString();

const PROBLEMS: readonly (readonly [Signal, Cause])[] = [
  ['failed', 'connection'],
  ['failed', 'killed'],
  ['never-started', 'image'],
  ['silent', 'not-measured'],
  ['housekeeping', 'other'],
];

/** One thing that happens: after how many minutes, how late it is heard of, and what. */
const step = fc.record({
  minutes: fc.oneof(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 40 * 60 })),
  late: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 180 })),
  twice: fc.boolean(),
  what: fc.oneof(
    fc.record({
      kind: fc.constant('trouble' as const),
      problem: fc.constantFrom(...PROBLEMS),
    }),
    fc.record({
      kind: fc.constant('good' as const),
      ends: fc.subarray<Signal>(['failed', 'never-started', 'silent', 'housekeeping'], { minLength: 1 }),
    }),
    fc.record({
      kind: fc.constant('measured' as const),
      silent: fc.constantFrom<(Cause | undefined)[]>(undefined, 'too-old', 'no-backup-yet'),
      strange: fc.constantFrom<(Cause | undefined)[]>(undefined, 'empty', 'shrunk'),
      backupMinutesAgo: fc.option(fc.integer({ min: 1, max: 3000 }), { nil: undefined }),
      failure: fc.boolean(),
    }),
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

interface Heard {
  readonly now: number;
  readonly observation: Decidable;
}

/** The observations in the order in which they are heard of. */
function heard(steps: readonly Step[]): Heard[] {
  let clock = START;
  const all = steps.flatMap(({ minutes, late, twice, what }, index): Heard[] => {
    clock += minutes * 60_000;
    const observation = observationOf(what, clock, `event-${index}`);
    const first = { now: clock + late * 60_000, observation };
    return twice ? [first, { ...first, now: first.now + 5 * 60_000 }] : [first];
  });
  return all.sort((a, b) => a.now - b.now);
}

function observationOf(what: Step['what'], at: number, event: string): Decidable {
  const common = { key: 'shop', source: 'shop', about: 'shop', at: iso(at), event };
  if (what.kind === 'good') return { state: 'ok', ...common, ends: what.ends };
  if (what.kind === 'trouble') {
    const [signal, cause] = what.problem;
    return { state: 'problem', ...common, signal, cause, sentence: 's', since: iso(at) };
  }
  const { silent, strange, backupMinutesAgo, failure } = what;
  const finding = (signal: 'silent' | 'strange-size', cause: Cause | undefined) =>
    cause === undefined ? [] : [{ signal, cause, sentence: 's', short: 's', since: iso(at) }];
  const newest = {
    id: 'i',
    time: iso(at - (backupMinutesAgo ?? 0) * 60_000),
    ageSeconds: 0,
    bytes: 1,
    uncompressedBytes: 1,
    tables: 1,
    durationSeconds: 1,
    engine: 'mysql',
    engineVersion: '8.4.3',
  };
  const health: SourceHealth = {
    source: 'shop',
    ageSeconds: 0,
    allowedAgeSeconds: 1,
    findings: [...finding('silent', silent), ...finding('strange-size', strange)],
    ...(backupMinutesAgo !== undefined && { newest }),
    ...(failure && { failure: 'denied' }),
  };
  return { state: 'source-measured', key: 'shop', at: iso(at), health };
}

interface Happened extends Heard {
  readonly before: Remembered;
  readonly after: Remembered;
  readonly tell?: Tell;
}

function play(steps: readonly Step[]): Happened[] {
  let remembered = blank('shop');
  return heard(steps).map((one) => {
    const before = remembered;
    const { next, tell } = decide(before, one.observation, new Date(one.now));
    remembered = { ...next, version: next.version + 1 };
    return { ...one, before, after: next, ...(tell && { tell }) };
  });
}

const openOf = ({ open }: Remembered): [Signal, OpenProblem][] => Object.entries(open) as [Signal, OpenProblem][];
const at = (minutes: number, what: Step['what']): Step => ({ minutes, late: 0, twice: false, what });
/** What came and went ends by a failure of another kind, a day later. */
const OTHER_A_DAY_LATER: Step[] = [
  at(0, { kind: 'trouble', problem: ['failed', 'connection'] }),
  at(0, { kind: 'good', ends: ['failed', 'housekeeping'] }),
  at(0, { kind: 'trouble', problem: ['housekeeping', 'other'] }),
  at(1, { kind: 'good', ends: ['housekeeping'] }),
  at(0, { kind: 'trouble', problem: ['housekeeping', 'other'] }),
  at(24 * 60, { kind: 'trouble', problem: ['failed', 'connection'] }),
];
/** Silence that was held back, of a source that has no backup any more. */
const NO_BACKUP_LEFT: Step[] = [
  at(0, { kind: 'trouble', problem: ['failed', 'connection'] }),
  at(0, { kind: 'measured', silent: 'too-old', strange: undefined, backupMinutesAgo: undefined, failure: false }),
  at(0, { kind: 'good', ends: ['failed', 'housekeeping'] }),
  at(0, { kind: 'measured', silent: undefined, strange: undefined, backupMinutesAgo: undefined, failure: false }),
];
const holds = (check: (happened: Happened[]) => void): void =>
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => check(play(steps))),
    { numRuns: 1000, examples: [[OTHER_A_DAY_LATER], [NO_BACKUP_LEFT]] },
  );

test('the same is never told twice within 20 hours without good news between', () =>
  holds((happened) => {
    const told = new Map<string, number>();
    for (const { now, tell, after } of happened) {
      for (const key of told.keys()) if (!after.open[key.split(' ')[0] as Signal]) told.delete(key);
      for (const { signal, cause } of tell?.problems ?? []) {
        const key = `${signal} ${cause}`;
        expect(now - (told.get(key) ?? -Infinity)).toBeGreaterThanOrEqual(20 * HOUR);
        told.set(key, now);
      }
    }
  }));

test('what was told and ends is recovered exactly once, and nothing else is, unless it comes and goes', () =>
  holds((happened) => {
    const told = new Set<Signal>();
    for (const { tell, before, after } of happened) {
      const over = [...told].filter((signal) => !after.open[signal]);
      const isFlapping = before.flapping !== undefined;
      const loud = isFlapping ? over.filter((signal) => !DAMPED.includes(signal)) : over;
      if (tell?.recovery?.stable) expect([isFlapping, after.flapping]).toEqual([true, undefined]);
      else expect([...(tell?.recovery?.signals ?? [])].sort()).toEqual(loud.sort());
      over.forEach((signal) => told.delete(signal));
      tell?.problems.forEach(({ signal }) => told.add(signal));
    }
  }));

test('what is open was told, or is held back because failing runs were told less than 24 hours ago', () =>
  holds((happened) => {
    for (const { now, after, observation } of happened) {
      for (const [signal, { toldAt }] of openOf(after)) {
        if (toldAt !== undefined || (after.flapping && DAMPED.includes(signal))) continue;
        expect(signal).toBe('silent');
        // Between two measurings nothing is known of it.
        if (observation.state !== 'source-measured' || observation.health.failure) continue;
        if (Date.parse(observation.at) < Date.parse(after.measuredAt ?? '')) continue;
        // That there is no backup ends no silence.
        if (!observation.health.newest && !observation.health.findings.some((one) => one.signal === signal)) continue;
        expect(after.flapping).toBeUndefined();
        const runs = [after.open.failed, after.open['never-started']];
        const last = Math.max(...runs.map((problem) => (problem?.toldAt ? Date.parse(problem.toldAt) : -Infinity)));
        expect(now - last).toBeLessThan(24 * HOUR);
      }
    }
  }));

test('a first problem is never lost: it is told, or older than good news, or it comes and goes', () =>
  holds((happened) => {
    for (const { before, after, observation, tell } of happened) {
      if (observation.state !== 'problem' || before.open[observation.signal]) continue;
      if (before.flapping && after.flapping) continue;
      const { signal, at, event } = observation;
      const isOld = Date.parse(at) < Date.parse(before.goodAt[signal] ?? '');
      const wasSeen = before.seen.includes(`${event}/${signal}`);
      expect(tell !== undefined && tell.problems.some((problem) => problem.signal === signal)).toBe(!isOld && !wasSeen);
    }
  }));

test('a problem that good news ended does not come back by an event from before', () =>
  holds((happened) => {
    for (const { after } of happened) {
      for (const [signal, { lastAt }] of openOf(after)) {
        const goodAt = after.goodAt[signal];
        if (goodAt !== undefined) expect(Date.parse(lastAt)).toBeGreaterThanOrEqual(Date.parse(goodAt));
      }
    }
  }));
