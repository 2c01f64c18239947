import type { Finding, SourceHealth } from '../../../catalog/contract/alarms';
import type { Decidable, SourceMeasured } from '../../../lambda/notify/problems/decide';
import { decide } from '../../../lambda/notify/problems/decide';
import type { GoodNews, Trouble } from '../../../lambda/notify/problems/observation';
import type { Remembered } from '../../../lambda/notify/problems/remembered';
import { blank } from '../../../lambda/notify/problems/remembered';
import type { ProblemDecision } from '../../../lambda/notify/problems/decision';

const START = Date.parse('2026-11-20T00:00:00Z');
const time = (hours: number): string => new Date(START + hours * 3_600_000).toISOString();

let events = 0;
const trouble = (hours: number, changes: Partial<Trouble> = {}): Trouble => ({
  state: 'problem',
  signal: 'failed',
  cause: 'connection',
  key: 'shop',
  source: 'shop',
  about: 'shop',
  sentence: 'refused',
  since: time(hours),
  at: time(hours),
  event: `event-${events++}`,
  ...changes,
});
const good = (hours: number, changes: Partial<GoodNews> = {}): GoodNews => ({
  state: 'ok',
  key: 'shop',
  source: 'shop',
  about: 'shop',
  ends: ['failed', 'never-started'],
  at: time(hours),
  event: `event-${events++}`,
  ...changes,
});
const TOO_OLD: Finding = { signal: 'silent', cause: 'too-old', sentence: 'two days old', short: 'old', since: time(0) };
const measured = (hours: number, findings: Finding[] = [], changes: Partial<SourceHealth> = {}): SourceMeasured => ({
  state: 'source-measured',
  key: 'shop',
  at: time(hours),
  health: { source: 'shop', ageSeconds: 1, allowedAgeSeconds: 2, findings, ...changes },
});
const backup = (hours: number, durationSeconds = 60) => ({
  newest: {
    id: 'id',
    time: time(hours),
    ageSeconds: 1,
    bytes: 1,
    uncompressedBytes: 1,
    tables: 1,
    engine: 'mysql',
    engineVersion: '8.4.3',
    durationSeconds,
  },
});

/** Takes in one observation after the other, each at its own time, unless it comes late. */
class Story {
  remembered: Remembered = blank('shop');
  last!: ProblemDecision;

  take(observation: Decidable, hours?: number): string[] {
    const now = hours === undefined ? new Date(observation.at) : new Date(time(hours));
    this.last = decide(this.remembered, observation, now);
    this.remembered = this.last.next;
    const { problems = [], recovery } = this.last.tell ?? {};
    const told = problems.map(({ signal, cause }) => `${signal} ${cause}`);
    return recovery ? [...told, `recovered ${recovery.signals.join(', ')}`] : told;
  }
}

let story: Story;
beforeEach(() => (story = new Story()));

describe('a run that fails', () => {
  it('is told at once', () => {
    expect(story.take(trouble(2))).toEqual(['failed connection']);
    expect(story.last.tell!.problems[0]).toEqual({
      signal: 'failed',
      cause: 'connection',
      source: 'shop',
      about: 'shop',
      sentence: 'refused',
      since: time(2),
      times: 1,
    });
  });

  it('is not told again for 20 hours while the cause is the same, and then with how often and since when', () => {
    story.take(trouble(2));
    expect(story.take(trouble(8))).toEqual([]);
    expect(story.last.outcomes).toEqual([
      { signal: 'failed', cause: 'connection', outcome: 'ignored', reason: 'told already' },
    ]);
    expect(story.take(trouble(21.9))).toEqual([]);
    expect(story.take(trouble(22))).toEqual(['failed connection']);
    expect(story.last.tell!.problems[0]).toMatchObject({ since: time(2), times: 4 });
  });

  it('is told at once when the cause is another one, but not each time when two causes alternate', () => {
    story.take(trouble(2));
    expect(story.take(trouble(3, { cause: 'uploadFailed' }))).toEqual(['failed uploadFailed']);
    expect(story.take(trouble(4))).toEqual([]);
    expect(story.take(trouble(5, { cause: 'uploadFailed' }))).toEqual([]);
    expect(story.take(trouble(23))).toEqual(['failed connection']);
  });

  it('is repeated every week only, if it is a restore test that cannot run', () => {
    const untested = (hours: number) => trouble(hours, { signal: 'not-proven', cause: 'restore-test-not-run' });
    expect(story.take(untested(0))).toEqual(['not-proven restore-test-not-run']);
    for (const day of [1, 2, 3, 4, 5, 6]) expect(story.take(untested(24 * day))).toEqual([]);
    expect(story.take(untested(7 * 24))).toEqual(['not-proven restore-test-not-run']);
    expect(story.last.tell!.problems[0]).toMatchObject({ reminder: true });
  });

  it('is told once when its event comes twice', () => {
    const event = trouble(2);
    story.take(event);
    expect(story.take(event, 30)).toEqual([]);
    expect(story.last.outcomes[0]!.reason).toBe('this event was seen before');
    expect(story.remembered.open.failed!.times).toBe(1);
  });

  it('is known again among the last 20 events', () => {
    const event = trouble(2);
    story.take(event);
    for (let hour = 3; hour < 22; hour++) story.take(trouble(hour));
    expect(story.remembered.seen).toHaveLength(20);
    story.take(event, 23);
    expect(story.remembered.open.failed!.times).toBe(20);
  });

  it('is out of date when a later run went well', () => {
    story.take(good(5));
    expect(story.take(trouble(2), 6)).toEqual([]);
    expect(story.last.outcomes[0]!.reason).toBe('older than the last good news');
    expect(story.take(trouble(7))).toEqual(['failed connection']);
  });

  it('is not out of date because of good news of something else', () => {
    story.take(good(5, { ends: ['silent'] }));
    expect(story.take(trouble(2), 6)).toEqual(['failed connection']);
  });
});

describe('a recovery', () => {
  it('is told once, of all that ends together', () => {
    story.take(trouble(1));
    story.take(trouble(2, { signal: 'never-started', cause: 'image' }));
    story.take(trouble(3));
    expect(story.take(good(4))).toEqual(['recovered failed, never-started']);
    expect(story.last.tell!.recovery).toEqual({
      source: 'shop',
      about: 'shop',
      signals: ['failed', 'never-started'],
      since: time(1),
      at: time(4),
      times: 2,
    });
    expect(story.take(good(5))).toEqual([]);
    expect(story.remembered.open).toEqual({});
  });

  it('is not made of good news that is older than the problem', () => {
    story.take(trouble(3));
    expect(story.take(good(2), 4)).toEqual([]);
    expect(story.take(good(5))).toEqual(['recovered failed']);
  });

  it('is told when the event of the good run was lost, but its backup is there', () => {
    story.take(trouble(3));
    expect(story.take(measured(4, [], backup(2)))).toEqual([]);
    expect(story.take(measured(6, [], backup(5)))).toEqual(['recovered failed']);
    expect(story.last.tell!.recovery!.newest!.id).toBe('id');
  });

  it('counts a backup from its end: its time is the one that the schedule meant', () => {
    story.take(trouble(3));
    expect(story.take(measured(5, [], backup(2.9, 3600)))).toEqual(['recovered failed']);
  });

  it('of what was measured is told when it is not found any more', () => {
    const strange: Finding = {
      signal: 'strange-size',
      cause: 'empty',
      sentence: 'empty',
      short: 'empty',
      since: time(1),
    };
    expect(story.take(measured(1, [TOO_OLD, strange]))).toEqual(['silent too-old', 'strange-size empty']);
    expect(story.take(measured(2, [strange], backup(1)))).toEqual(['recovered silent']);
    expect(story.take(measured(3, [], backup(2)))).toEqual(['recovered strange-size']);
  });
});

describe('silence', () => {
  it('is told once', () => {
    expect(story.take(measured(1, [TOO_OLD]))).toEqual(['silent too-old']);
    const before = story.remembered;
    for (let hour = 2; hour < 169; hour++) expect(story.take(measured(hour, [TOO_OLD]))).toEqual([]);
    // And costs no write an hour.
    expect(story.remembered).toBe(before);
  });

  it('is told again every week, as a reminder: an email may have been missed', () => {
    story.take(measured(1, [TOO_OLD]));
    expect(story.last.tell!.problems[0]).not.toHaveProperty('reminder');
    expect(story.take(measured(168.9, [TOO_OLD]))).toEqual([]);
    expect(story.take(measured(169, [TOO_OLD]))).toEqual(['silent too-old']);
    expect(story.last.tell!.problems[0]).toMatchObject({ reminder: true, since: time(0) });
    expect(story.take(measured(170, [TOO_OLD]))).toEqual([]);
    expect(story.take(measured(337, [TOO_OLD]))).toEqual(['silent too-old']);
  });

  it('is told at once when there is something new in it', () => {
    const lost = (...items: string[]): Finding => ({
      signal: 'strange-size',
      cause: 'table-lost',
      sentence: items.join(),
      short: 'lost',
      since: time(0),
      items,
    });
    expect(story.take(measured(1, [lost('tmp')], backup(0)))).toEqual(['strange-size table-lost']);
    expect(story.take(measured(2, [lost('tmp')], backup(0)))).toEqual([]);
    expect(story.take(measured(48, [lost('customers', 'tmp')], backup(47)))).toEqual(['strange-size table-lost']);
    expect(story.last.tell!.problems[0]).not.toHaveProperty('reminder');
    // Less is nothing new, and neither is what was told before.
    expect(story.take(measured(72, [lost('tmp')], backup(71)))).toEqual([]);
    expect(story.take(measured(96, [lost('customers')], backup(95)))).toEqual([]);
  });

  it('is forgotten without a word when somebody turns the signal off', () => {
    story.take(measured(1, [TOO_OLD]));
    expect(story.take({ ...measured(2), off: ['silent'] })).toEqual([]);
    expect(story.remembered.open).toEqual({});
    expect(story.take(measured(3))).toEqual([]);
  });

  it('is held back for 24 hours after it was told that runs fail, and then told if it is still so', () => {
    story.take(trouble(2));
    expect(story.take(measured(3, [TOO_OLD]))).toEqual([]);
    expect(story.last.outcomes[0]).toMatchObject({ signal: 'silent', outcome: 'held' });
    expect(story.take(measured(25.9, [TOO_OLD]))).toEqual([]);
    expect(story.take(measured(26, [TOO_OLD]))).toEqual(['silent too-old']);
  });

  it('ends without a word if it was held back', () => {
    story.take(trouble(2));
    story.take(measured(3, [TOO_OLD]));
    expect(story.take(measured(4, [], backup(1)))).toEqual([]);
    expect(story.last.outcomes).toContainEqual({
      signal: 'silent',
      cause: 'too-old',
      outcome: 'ended',
      reason: 'over before it was told',
    });
    expect(story.take(good(5))).toEqual(['recovered failed']);
  });

  it('ends with a new backup only: that the last one has gone, too, is none', () => {
    story.take(measured(1, [TOO_OLD], backup(0)));
    expect(story.take(measured(2))).toEqual([]);
    expect(story.remembered.open).toHaveProperty('silent');
    expect(story.take(measured(4, [], backup(3)))).toEqual(['recovered silent']);
  });

  it('of the measuring itself is never held back: nobody else would tell it', () => {
    story.take(trouble(2));
    expect(story.take(trouble(3, { signal: 'silent', cause: 'not-measured' }))).toEqual(['silent not-measured']);
    expect(story.take(measured(4))).toEqual(['recovered silent']);
  });

  it('is told although runs are known to fail if that was never told', () => {
    story.remembered = {
      ...blank('shop'),
      open: {
        failed: {
          about: 'shop',
          cause: 'killed',
          sentence: '',
          since: time(0),
          lastAt: time(0),
          told: {},
          times: 1,
          hasEnd: false,
          items: [],
        },
      },
    };
    expect(story.take(measured(1, [TOO_OLD]))).toEqual(['silent too-old']);
  });
});

describe('what was measured', () => {
  it('says nothing of a source that could not be measured', () => {
    story.take(measured(1, [TOO_OLD]));
    expect(story.take(measured(2, [], { failure: 'access denied' }))).toEqual([]);
    expect(story.last.outcomes[0]!.reason).toBe('it could not be measured: access denied');
    expect(story.remembered.open.silent).toBeDefined();
  });

  it('is out of date when something newer was measured', () => {
    story.take(measured(1, [TOO_OLD]));
    story.take(measured(3));
    expect(story.take(measured(2, [TOO_OLD]), 4)).toEqual([]);
  });

  it('is not over because there is nothing left to judge', () => {
    const strange: Finding = {
      signal: 'strange-size',
      cause: 'shrunk',
      sentence: 'small',
      short: 'small',
      since: time(0),
    };
    const unproven: Finding = { ...strange, signal: 'not-proven', cause: 'restore-test-failed' };
    story.take(measured(1, [strange, unproven], backup(0)));
    expect(story.take(measured(2))).toEqual([]);
    // An older proof counts again when the backup that failed is gone: that proves nothing.
    const proven = (hours: number) => ({ proven: { id: 'id', testedAt: time(hours), ageSeconds: 1 } });
    expect(story.take(measured(3, [], { ...backup(0), ...proven(-5) }))).toEqual(['recovered strange-size']);
    expect(story.last.tell!.recovery).toMatchObject({ open: ['not-proven'] });
    expect(story.take(measured(4, [], { ...backup(0), ...proven(1) }))).toEqual(['recovered not-proven']);
    expect(story.last.tell!.recovery).not.toHaveProperty('open');
  });

  it('that is missed is told of a source that is silent already, until it comes again', () => {
    story.take(measured(1, [TOO_OLD], backup(-48)));
    expect(story.take(trouble(6, { signal: 'silent', cause: 'not-measured' }))).toEqual(['silent not-measured']);
    expect(story.take(measured(7, [TOO_OLD], backup(-48)))).toEqual([]);
    expect(story.take(measured(8, [], backup(7.5)))).toEqual(['recovered silent']);
  });

  it('ends a failed restore test only by one of a backup at least as new', () => {
    const test = { id: '2026-11-19T02-00-00Z', testedAt: time(0), result: 'failed' } as const;
    const failed: Finding = { ...TOO_OLD, signal: 'not-proven', cause: 'restore-test-failed', test };
    const tested = (id: string) => ({ ...backup(0), tested: { id, testedAt: time(2) } });
    story.take(measured(1, [failed], backup(0)));
    expect(story.take(measured(3, [], tested('2026-11-18T02-00-00Z')))).toEqual([]);
    expect(story.take(measured(4, [], tested(test.id)))).toEqual(['recovered not-proven']);
  });

  it('ends a restore test that could not run by one that could only check the bytes', () => {
    story.take(trouble(1, { signal: 'not-proven', cause: 'restore-test-not-run' }));
    const tested = (hours: number) => ({ ...backup(0), tested: { id: 'id', testedAt: time(hours) } });
    expect(story.take(measured(2, [], tested(0)))).toEqual([]);
    expect(story.take(measured(3, [], tested(2)))).toEqual(['recovered not-proven']);
  });

  it('drops what tests without an identity cannot end, and no more', () => {
    const objectives = { tests: 'unprovable' } as const;
    story.take(trouble(1, { signal: 'not-proven', cause: 'restore-test-not-run' }));
    story.take(measured(2, [], { ...backup(0), objectives }));
    expect(story.remembered.open['not-proven']).toBeDefined();
    story.take(trouble(3, { signal: 'not-proven', cause: 'never-proven' }));
    expect(story.take(measured(4, [], { ...backup(0), objectives }))).toEqual([]);
    expect(story.remembered.open['not-proven']).toBeUndefined();
  });

  it.each(['restore-test-not-run', 'too-large', 'never-proven', 'proof-too-old'] as const)(
    'of %s is dropped once the tests are off: nothing is proven by that',
    (cause) => {
      story.take(trouble(1, { signal: 'not-proven', cause }));
      expect(story.take(measured(2, [], backup(0)))).toEqual([]);
      expect(story.remembered.open['not-proven']).toBeDefined();
      expect(story.take(measured(3, [], { ...backup(0), objectives: { tests: 'off' } }))).toEqual([]);
      expect(story.remembered.open['not-proven']).toBeUndefined();
    },
  );

  it('of a test that failed goes on, although the tests are off', () => {
    const failed: Finding = { ...TOO_OLD, signal: 'not-proven', cause: 'restore-test-failed' };
    story.take(measured(1, [failed], backup(0)));
    story.take(measured(2, [], { ...backup(0), objectives: { tests: 'off' } }));
    expect(story.remembered.open['not-proven']).toBeDefined();
  });

  it('is too late to say anything after three hours', () => {
    expect(story.take(measured(1, [TOO_OLD]), 4.1)).toEqual([]);
    expect(story.take(measured(2, [TOO_OLD]), 5)).toEqual(['silent too-old']);
  });

  it('does not end that a backup is incomplete, which no catalog tells: the newest may be that one', () => {
    expect(story.take(trouble(2, { cause: 'managed-incomplete' }))).toEqual(['failed managed-incomplete']);
    expect(story.take(measured(3, [], backup(2.5)))).toEqual([]);
    expect(story.take(good(26))).toEqual(['recovered failed']);
  });

  it('makes failures from before the newest backup out of date', () => {
    story.take(measured(90, [], backup(89)));
    expect(story.take(trouble(80), 91)).toEqual([]);
    expect(story.take(trouble(91))).toEqual(['failed connection']);
  });

  it('by a clock that is ahead hides nothing that comes later', () => {
    story.take(measured(1, [], backup(9000)));
    story.take(good(9000), 2);
    expect(story.take(trouble(3))).toEqual(['failed connection']);
  });

  it('that another cause has now is told', () => {
    story.take(measured(1, [{ ...TOO_OLD, cause: 'no-backup-yet' }]));
    expect(story.take(measured(2, [TOO_OLD]))).toEqual(['silent too-old']);
    expect(story.take(measured(3, [{ ...TOO_OLD, cause: 'no-backup-yet' }]))).toEqual([]);
  });
});

describe('an attack on the backups, which nothing ever calls over', () => {
  const key = 'housekeeping/denied-delete';
  const denied = { key, about: 'deletes', source: undefined, signal: 'housekeeping', cause: 'denied-delete' } as const;
  const passed = (hours: number): Decidable => ({ state: 'time-passed', key, at: time(hours) });

  it('is told again if it happens again', () => {
    expect(story.take(trouble(1, denied))).toEqual(['housekeeping denied-delete']);
    expect(story.take(trouble(2, denied))).toEqual([]);
    expect(story.take(trouble(700, denied))).toEqual(['housekeeping denied-delete']);
  });

  it('ends when it has not happened again for 14 days, and says so', () => {
    story.take(trouble(1, denied));
    story.take(trouble(10, denied));
    expect(story.take(passed(345.9))).toEqual([]);
    expect(story.take(passed(346))).toEqual(['recovered housekeeping']);
    expect(story.last.tell!.recovery).toEqual({
      about: 'deletes',
      signals: ['housekeeping'],
      since: time(1),
      at: time(346),
      quiet: true,
    });
    expect(story.take(passed(347))).toEqual([]);
  });

  it('does not end so if an alarm is still to call it well', () => {
    story.take(trouble(1, { ...denied, hasEnd: true }));
    story.take(trouble(2, denied));
    expect(story.take(passed(1000))).toEqual([]);
    expect(story.take(good(1001, { key, about: 'deletes', source: undefined, ends: ['housekeeping'] }))).toEqual([
      'recovered housekeeping',
    ]);
  });
});

describe('a source that fails and succeeds in turn', () => {
  /** Runs each hour, of which each second one fails; with a measuring after each. */
  const hourly = (from: number, to: number, failsAt: (hour: number) => boolean): string[] =>
    Array.from({ length: to - from }, (_, index) => from + index).flatMap((hour) => [
      ...story.take(failsAt(hour) ? trouble(hour) : good(hour)),
      ...story.take(measured(hour + 0.1, [], failsAt(hour) ? {} : backup(hour))),
    ]);
  const eachSecond = (hour: number) => hour % 2 === 0;

  it('is told as such with its third change, and then quietly once a day', () => {
    expect(hourly(0, 24, eachSecond)).toEqual(['failed connection', 'recovered failed', 'failed connection']);
    expect(story.remembered.flapping).toMatchObject({ signal: 'failed', since: time(0), failures: 12 });
    expect(hourly(24, 48, eachSecond)).toEqual(['failed connection']);
    expect(story.remembered.flapping!.failures).toBe(24);
  });

  it('says so in its email', () => {
    hourly(0, 2, eachSecond);
    story.take(trouble(2));
    expect(story.last.tell!.problems[0]).toMatchObject({ flapping: { since: time(0), failures: 2 } });
  });

  it('is over, and told so, when it was well for a day', () => {
    hourly(0, 6, eachSecond);
    expect(hourly(6, 29, () => false)).toEqual([]);
    expect(hourly(29, 32, () => false)).toEqual(['recovered failed']);
    expect(story.remembered.flapping).toBeUndefined();
    expect(hourly(32, 34, () => true)).toEqual(['failed connection']);
  });

  it('is told as failing when it only fails for a day', () => {
    hourly(0, 6, eachSecond);
    // A day after it was told that it comes and goes; it has only failed since.
    expect(hourly(6, 31, () => true)).toEqual(['failed connection']);
    expect(story.remembered.flapping).toBeUndefined();
    expect(story.take(good(31))).toEqual(['recovered failed']);
  });

  it('is told at once when it fails for another reason', () => {
    hourly(0, 6, eachSecond);
    expect(story.take(trouble(6, { cause: 'uploadFailed' }))).toEqual(['failed uploadFailed']);
    expect(story.take(good(7))).toEqual([]);
    expect(story.take(trouble(8, { cause: 'uploadFailed' }))).toEqual([]);
  });

  it('never hides that there is no backup within the allowed age', () => {
    hourly(0, 6, eachSecond);
    story.take(trouble(6));
    expect(story.take(measured(6.5, [TOO_OLD]))).toEqual(['silent too-old']);
  });

  it('that fails each second night is not damped', () => {
    const nights = [0, 24, 48, 72].flatMap((hour) => story.take(hour % 48 === 0 ? trouble(hour) : good(hour)));
    expect(nights).toEqual(['failed connection', 'recovered failed', 'failed connection', 'recovered failed']);
  });

  it('is damped in the housekeeping too, and its end comes with the time that passes', () => {
    const key = 'housekeeping/replication/all/ReplicationLatency';
    const late = {
      key,
      about: 'replication',
      source: undefined,
      signal: 'housekeeping',
      cause: 'replication',
    } as const;
    const told = Array.from({ length: 24 }, (_, hour) =>
      story.take(
        hour % 2 === 0
          ? trouble(hour, { ...late, hasEnd: true })
          : good(hour, { key, about: 'replication', source: undefined, ends: ['housekeeping'] }),
      ),
    ).flat();
    expect(told).toEqual(['housekeeping replication', 'recovered housekeeping', 'housekeeping replication']);
    const passed = (hours: number): Decidable => ({ state: 'time-passed', key, at: time(hours) });
    expect(story.take(passed(46))).toEqual([]);
    expect(story.take(passed(47))).toEqual(['recovered housekeeping']);
  });
});

describe('a problem that nobody has read', () => {
  const firstReader = (hours: number): Decidable => ({ state: 'first-reader', key: 'shop', at: time(hours) });
  const task = { arn: 'arn:task', clusterArn: 'arn:cluster', family: 'Backups-shop' };

  it('is told to the first reader, with its facts, and only once', () => {
    story.take(trouble(1, { task, logGroup: '/backups', logStream: 'shop/backup/1' }));
    const { failed } = story.remembered.open;
    story.remembered = { ...story.remembered, open: { failed: { ...failed!, unread: true } } };
    expect(story.take(firstReader(2))).toEqual(['failed connection']);
    expect(story.last.tell!.problems[0]).toMatchObject({
      source: 'shop',
      task,
      logGroup: '/backups',
      logStream: 'shop/backup/1',
      times: 1,
    });
    expect(story.take(firstReader(3))).toEqual([]);
  });

  it('is not told again if somebody had confirmed before', () => {
    story.take(trouble(1));
    expect(story.take(firstReader(2))).toEqual([]);
  });
});

describe('notes of backups', () => {
  const note = (kind: string) => ({ kind, key: kind });
  /** Measures a backup with these notes. @returns kinds that are told */
  const noted = (hours: number, ...kinds: string[]): string[] => {
    story.take(measured(hours, [], { ...backup(hours), ...(kinds.length > 0 && { notes: kinds.map(note) }) }));
    return story.last.tell?.notes?.notes.map(({ kind }) => kind) ?? [];
  };

  it('of the first backup are told together, with the backup', () => {
    expect(noted(2, 'no-history', 'masked-columns')).toEqual(['no-history', 'masked-columns']);
    expect(story.last.tell).toEqual({
      problems: [],
      notes: { source: 'shop', newest: backup(2).newest, notes: [note('no-history'), note('masked-columns')] },
    });
  });

  it('are told once, and what comes later by itself', () => {
    noted(2, 'no-history');
    expect(noted(3, 'no-history')).toEqual([]);
    expect(story.last.next).toBe(story.remembered);
    expect(noted(26, 'no-history', 'masked-columns')).toEqual(['masked-columns']);
    expect(noted(50, 'no-history', 'masked-columns')).toEqual([]);
  });

  it('that are gone end without an email, and are told when they come back after a month', () => {
    noted(2, 'no-history');
    expect(noted(26)).toEqual([]);
    expect(story.last.tell).toBeUndefined();
    expect(noted(27)).toEqual([]);
    expect(story.last.next).toBe(story.remembered);
    expect(noted(26 + 31 * 24, 'no-history')).toEqual(['no-history']);
  });

  it('that come and go from night to night are told once, and hide no others', () => {
    expect(noted(2, 'large-rows')).toEqual(['large-rows']);
    for (let night = 1; night < 40; night += 2) {
      expect(noted(2 + 24 * night)).toEqual([]);
      expect(noted(26 + 24 * night, 'large-rows')).toEqual([]);
    }
    expect(noted(1200)).toEqual([]);
    expect(noted(1224, 'large-rows', 'masked-columns')).toEqual(['masked-columns']);
  });

  it('make at most one email a day', () => {
    noted(2, 'no-history');
    expect(noted(5, 'no-history', 'masked-columns')).toEqual([]);
    expect(noted(23, 'no-history', 'masked-columns')).toEqual(['masked-columns']);
  });

  it('are not news where the source could not be measured', () => {
    expect(story.take(measured(2, [], { failure: 'denied', notes: [note('no-history')] }))).toEqual([]);
    expect(story.last.tell).toBeUndefined();
  });
});
