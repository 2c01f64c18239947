import type { AlarmedSource } from '../../../catalog/contract/alarms';
import type { CatalogReading } from '../../../lambda/health/catalog-reading';
import type { Circumstances } from '../../../lambda/health/findings';
import { findingsOf } from '../../../lambda/health/findings';
import { backup, PLACE } from '../notify/compose-support';

const [DAY, HOUR] = [86_400, 3_600];
const ago = (seconds: number): string => new Date(PLACE.now.getTime() - seconds * 1000).toISOString();
const SET: AlarmedSource = { family: 0, logGroup: 0, allowedAgeSeconds: 3 * DAY, provenAgeSeconds: 35 * DAY };
const NEWEST = backup(24);
const READING: CatalogReading = { newest: NEWEST, size: {}, damaged: { count: 0, named: [] } };
const proof = (days: number, loadSeconds?: number) => ({
  id: backup(24 * days).id,
  testedAt: ago(days * DAY - HOUR),
  ...(loadSeconds !== undefined && { loadSeconds }),
});
const found = (reading: Partial<CatalogReading>, set: Partial<AlarmedSource> = {}, more: Circumstances = {}) =>
  findingsOf({ ...READING, ...reading }, { ...SET, ...set }, PLACE.now, more);

describe('restore tests', () => {
  const failed = { id: NEWEST.id, testedAt: ago(HOUR), result: 'failed' } as const;
  const untested = { id: NEWEST.id, testedAt: ago(60), reason: { kind: 'image-lacks', object: 'extension postgis' } };

  test('one that failed says what differs, and since which backup', () => {
    const test = {
      ...failed,
      differences: [{ check: 'inventory', object: 'trigger shop.orders_bi', kind: 'missing' }],
      differenceCount: 3,
    };
    const failingSince = backup(48).id;
    expect(found({ test, failingSince, untested, proven: proof(40) })).toEqual([
      {
        ...{
          signal: 'not-proven',
          cause: 'restore-test-failed',
          since: ago(HOUR),
          items: [NEWEST.id],
          test,
          failingSince,
        },
        short: `the restore test of ${NEWEST.id} failed`,
        sentence: `the restore test of backup ${NEWEST.id} failed: trigger shop.orders_bi: missing; and 2 more differences`,
      },
    ]);
  });

  test('one that could not run is told with its reason, also after one that passed', () => {
    const test = { ...failed, result: 'passed', testedAt: ago(8 * DAY) } as const;
    expect(found({ test, untested, proven: proof(8) })).toMatchObject([
      {
        cause: 'restore-test-not-run',
        sentence: `the restore test of backup ${NEWEST.id} could not run: extension postgis is not in the image`,
        test: untested,
      },
    ]);
    expect(found({ test, untested }, { tests: 'off' })).toEqual([]);
    expect(found({ test, untested }, { tests: 'unprovable' })).toHaveLength(1);
  });

  test('are overdue when none has passed since they are waited for, unless they are turned off', () => {
    expect(found({ unprovenSince: ago(35 * DAY) })).toEqual([]);
    const late = { unprovenSince: ago(36 * DAY) };
    expect(found(late)).toMatchObject([
      {
        ...{ signal: 'not-proven', cause: 'never-proven', since: ago(DAY) },
        sentence: 'no restore test has passed in 36 days; the limit is 35 days',
      },
    ]);
    expect(found(late, { tests: 'off' })).toEqual([]);
    expect(found(late, { tests: 'unprovable' })).toEqual([]);
    // Another signal tells that there is no backup.
    expect(found({ ...late, newest: undefined })).toEqual([]);
  });

  test('are overdue when the newest proven backup is too old, unless they are turned off', () => {
    expect(found({ proven: proof(36) })).toMatchObject([{ cause: 'proof-too-old', since: ago(DAY) }]);
    expect(found({ proven: proof(36) }, { tests: 'off' })).toEqual([]);
  });
});

describe('objectives', () => {
  const slow = { recoveryTimeSeconds: 2 * HOUR };

  test('a restore may take as long as its objective, with what it waits for a cold tier', () => {
    const reading = { proven: proof(2, HOUR) };
    expect(found(reading, slow, { recoverySeconds: 2 * HOUR })).toEqual([]);
    expect(found(reading, {}, { recoverySeconds: 6 * HOUR })).toEqual([]);
    expect(found(reading, slow, { recoverySeconds: 6 * HOUR })).toEqual([
      {
        ...{ signal: 'not-proven', cause: 'recovery-too-slow', since: reading.proven.testedAt },
        short: 'a restore takes 6 hours',
        sentence: `a restore takes 6 hours (5 hours to retrieve it, 1 hour to load it), as measured with backup ${reading.proven.id}; its recovery time objective is 2 hours`,
      },
    ]);
  });

  test('a newest backup that is older than its objective is told before it is older than is allowed', () => {
    expect(found({}, { recoveryPointSeconds: DAY })).toEqual([]);
    expect(found({}, { recoveryPointSeconds: DAY - 1 })).toMatchObject([
      { signal: 'silent', cause: 'recovery-point', since: ago(1) },
    ]);
    expect(found({}, { recoveryPointSeconds: HOUR, allowedAgeSeconds: 12 * HOUR })).toMatchObject([
      { signal: 'silent', cause: 'too-old' },
    ]);
  });
});
