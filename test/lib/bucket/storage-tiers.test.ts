import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import { MANIFEST_MAX_BYTES } from '../../../catalog/bucket/names';
import type { RetentionPolicy } from '../../../catalog/retention/retention-policy';
import type { StorageTiersOptions } from '../../../lib';
import { BackupBucket, BackupSchedule, Retention, StorageTiers, WeekDay } from '../../../lib';
import { expectedLives } from '../../../lib/bucket/private/tier-check';
import type { Tiers } from '../../support/tier-costs';
import { cheapestTiers, livesOf, monthlyCost } from '../../support/tier-costs';
import type { Json } from '../support';
import { Setup } from '../support';

const DOCUMENT = readFileSync(join(__dirname, '../../../docs/storage-tiers.md'), 'utf8');
const YEAR: RetentionPolicy = Retention.oneYear()._bind(new Stack());
const days = (number: number) => Duration.days(number);

function create(storageTiers?: StorageTiers) {
  const stack = new Stack(undefined, 'Stack');
  return { stack, bucket: new BackupBucket(stack, 'Bucket', { storageTiers }) };
}

/** The lifecycle rule of the tiers as the template has it. */
function ruleOf(storageTiers?: StorageTiers): Json {
  const [bucket] = Object.values(Template.fromStack(create(storageTiers).stack).findResources('AWS::S3::Bucket'));
  return bucket!.Properties.LifecycleConfiguration.Rules.find(({ Id }: Json) => Id === 'StorageTiers');
}
const transitionsOf = (storageTiers?: StorageTiers): Tiers =>
  (ruleOf(storageTiers)?.Transitions ?? []).map((one: Json) => [one.StorageClass, one.TransitionInDays]);

test('moves what is too large for a manifest', () => {
  expect(ruleOf()).toEqual({
    Id: 'StorageTiers',
    Status: 'Enabled',
    ObjectSizeGreaterThan: String(MANIFEST_MAX_BYTES),
    Transitions: [
      { StorageClass: 'GLACIER_IR', TransitionInDays: 15 },
      { StorageClass: 'DEEP_ARCHIVE', TransitionInDays: 105 },
    ],
  });
});

test.each([
  ['cheapest', StorageTiers.cheapest(), transitionsOf()],
  ['instantAccess', StorageTiers.instantAccess(), [['GLACIER_IR', 15]]],
  ['standardOnly', StorageTiers.standardOnly(), []],
  [
    'of all tiers',
    StorageTiers.of({
      infrequentAccess: days(30),
      glacierInstantRetrieval: days(60),
      glacierFlexibleRetrieval: days(150),
      deepArchive: days(240),
    }),
    [
      ['STANDARD_IA', 30],
      ['GLACIER_IR', 60],
      ['GLACIER', 150],
      ['DEEP_ARCHIVE', 240],
    ],
  ],
  ['of a tier from the start', StorageTiers.of({ glacierInstantRetrieval: days(0) }), [['GLACIER_IR', 0]]],
  ['of hours that are days', StorageTiers.of({ deepArchive: Duration.hours(240) }), [['DEEP_ARCHIVE', 10]]],
])('%s', (_, storageTiers, transitions) => {
  expect(transitionsOf(storageTiers)).toEqual(transitions);
});

test('the bucket tells what it was given, and an imported one does not know', () => {
  const { stack, bucket } = create();
  expect(bucket.storageTiers).toEqual(StorageTiers.cheapest());
  expect(bucket.noncurrentVersionRetention?.toDays()).toBe(14);
  const imported = BackupBucket.fromBucketName(stack, 'Imported', 'backups', new kms.Key(stack, 'Key'));
  expect([imported.storageTiers, imported.noncurrentVersionRetention]).toEqual([undefined, undefined]);
});

test.each<[string, StorageTiersOptions, string]>([
  ['no tier', {}, 'StorageTiers.of needs a tier, got: none: use StorageTiers.standardOnly() if nothing shall move'],
  [
    'hours',
    { glacierInstantRetrieval: Duration.hours(36) },
    'glacierInstantRetrieval must be a whole number of days from 0 to 36500, got: 1 day 12 hours',
  ],
  [
    'Standard-IA too early',
    { infrequentAccess: days(29) },
    'infrequentAccess must be a whole number of days from 30 to 36500, got: 29 days',
  ],
  [
    'more than a hundred years',
    { deepArchive: days(36_501) },
    'deepArchive must be a whole number of days from 0 to 36500, got: 36501 days',
  ],
  [
    'a warmer tier after a colder one',
    { glacierFlexibleRetrieval: days(90), deepArchive: days(60) },
    'deepArchive must begin later than glacierFlexibleRetrieval, 90 days, got: 60 days: backups only move to colder tiers',
  ],
  [
    'two tiers on one day',
    { glacierInstantRetrieval: days(90), glacierFlexibleRetrieval: days(90) },
    'glacierFlexibleRetrieval must begin later than glacierInstantRetrieval, 90 days, got: 90 days: backups only move to colder tiers',
  ],
  [
    'Glacier too soon after Standard-IA',
    { infrequentAccess: days(30), glacierInstantRetrieval: days(59) },
    'glacierInstantRetrieval must begin at least 30 days after infrequentAccess, 30 days, got: 59 days: S3 takes no less',
  ],
  [
    'a token',
    { deepArchive: Duration.days(Lazy.number({ produce: () => 90 })) },
    'deepArchive must be known at synth, got: a token: write the value itself',
  ],
])('%s is refused', (_, options, sentence) => {
  expect(() => create(StorageTiers.of(options))).toThrow(new Error(`Stack/Bucket: ${sentence}`));
});

const WARNING = 'proven-backups:tierLeftEarly';
const warningsOf = (stack: Stack) =>
  Annotations.fromStack(stack)
    .findWarning('*', Match.stringLikeRegexp(WARNING))
    .map(({ entry }) => entry.data as string);

describe('a tier that is left for the next one before its minimum', () => {
  test.each<[StorageTiersOptions, string]>([
    [
      { glacierInstantRetrieval: days(30), deepArchive: days(119) },
      'backups leave glacierInstantRetrieval for deepArchive after 89 days, and S3 bills 90 days there: let deepArchive begin at 120 days or later, or leave one of the two out',
    ],
    [
      { glacierFlexibleRetrieval: days(1), deepArchive: days(31) },
      'backups leave glacierFlexibleRetrieval for deepArchive after 30 days, and S3 bills 90 days there: let deepArchive begin at 91 days or later, or leave one of the two out',
    ],
  ])('%# brings a warning', (options, sentence) => {
    expect(warningsOf(create(StorageTiers.of(options)).stack)).toEqual([expect.stringContaining(sentence)]);
  });

  test.each([
    StorageTiers.of({ infrequentAccess: days(30), glacierInstantRetrieval: days(60), deepArchive: days(150) }),
    StorageTiers.cheapest(),
  ])('and one that is not, none: %#', (storageTiers) => {
    expect(warningsOf(create(storageTiers).stack)).toEqual([]);
  });
});

describe('tiers and the retention that feeds them', () => {
  interface Case {
    readonly name: string;
    readonly tiers: StorageTiersOptions;
    readonly retention: Retention;
    readonly schedule?: BackupSchedule;
    readonly undo?: number;
    readonly warning?: string;
  }
  const DAILY = BackupSchedule.daily({ hour: 2 });
  const SUNDAYS = BackupSchedule.weekly({ weekDay: WeekDay.SUNDAY, hour: 2 });

  function warnings({ tiers, retention, schedule = DAILY, undo }: Case): string[] {
    const setup = new Setup();
    const bucket = new BackupBucket(setup.stack, 'Bucket', {
      storageTiers: StorageTiers.of(tiers),
      noncurrentVersionRetention: undo === undefined ? undefined : days(undo),
    });
    setup.create({ bucket });
    setup.add({ schedule, retention });
    return warningsOf(setup.stack);
  }

  test.each<Case>([
    {
      name: 'weekly backups, made once a week',
      tiers: { deepArchive: days(30) },
      retention: Retention.gfs({ weekly: 13 }),
      schedule: SUNDAYS,
      warning:
        'the weekly backups of source shop live 91 days and enter deepArchive at 30 days: with the 14 days in which they can be brought back they lie 75 days there, and S3 bills 180: let deepArchive begin at 91 days or later, or keep them longer',
    },
    {
      name: 'weekly backups among daily ones',
      tiers: { deepArchive: days(30) },
      retention: Retention.gfs({ daily: 14, weekly: 13, monthly: 12 }),
      warning:
        'the weekly backups of source shop live 85 days and enter deepArchive at 30 days: with the 14 days in which they can be brought back they lie 69 days there, and S3 bills 180: let deepArchive begin at 85 days or later, or keep them longer',
    },
    {
      name: 'monthly backups that come too late',
      tiers: { deepArchive: days(210) },
      retention: Retention.oneYear(),
      warning:
        'the monthly backups of source shop live 366 days and enter deepArchive at 210 days: with the 14 days in which they can be brought back they lie 170 days there, and S3 bills 180: let deepArchive begin at 200 days or earlier, or at 366 days or later, or keep them longer',
    },
    {
      name: 'all backups of some days',
      tiers: { infrequentAccess: days(30) },
      retention: Retention.days(31),
      undo: 1,
      warning:
        'the backups of source shop live 31 days and enter infrequentAccess at 30 days: with the 1 days in which they can be brought back they lie 2 days there, and S3 bills 30: let infrequentAccess begin at 31 days or later, or keep them longer',
    },
    {
      name: 'a floor that outlives its rules',
      tiers: { glacierInstantRetrieval: days(10) },
      retention: Retention.days(7, { keepLast: 3 }),
      schedule: SUNDAYS,
      warning: 'the backups of source shop live 21 days and enter glacierInstantRetrieval at 10 days',
    },
    {
      name: 'yearly backups',
      tiers: { deepArchive: days(600) },
      retention: Retention.gfs({ yearly: 2, daily: 7 }),
      schedule: BackupSchedule.cron('0 2 1 1 ? *'),
    },
    {
      name: 'an undo window that makes the minimum full',
      tiers: { infrequentAccess: days(30) },
      retention: Retention.days(46),
      undo: 14,
    },
    { name: 'a tier that nothing enters', tiers: { deepArchive: days(85) }, retention: Retention.gfs({ weekly: 13 }) },
    { name: 'backups that are kept for ever', tiers: { deepArchive: days(0) }, retention: Retention.forever() },
    {
      name: 'a schedule of one run',
      tiers: { deepArchive: days(0) },
      retention: Retention.days(7),
      schedule: BackupSchedule.cron('0 2 1 1 ? 2098'),
    },
  ])('$name', (one) => {
    expect(warnings(one)).toEqual(one.warning === undefined ? [] : [expect.stringContaining(one.warning)]);
  });

  test('tiers of the package itself were weighed up', () => {
    const setup = new Setup();
    setup.add({ retention: Retention.days(17) });
    expect(warningsOf(setup.stack)).toEqual([]);
  });

  test('the lives that are worked out are those that backups have', () => {
    const policy: RetentionPolicy = { ...YEAR, keepForSeconds: 5 * 86_400, yearly: 2 };
    const lives = [...new Set(livesOf(policy, 14).map(({ deleted }) => Math.round(deleted)))].sort((a, b) => a - b);
    const expected = expectedLives(policy, 86_400).map((life) => life.days);
    expect(expected.slice(0, 3)).toEqual([5, 14, 92]);
    for (const life of lives) expect(Math.min(...expected.map((one) => Math.abs(one - life)))).toBeLessThanOrEqual(3);
  });
});

describe('what it costs', () => {
  const lives = livesOf(YEAR, 14);
  const wishes = { standardUntil: 15, instantUntil: 92 };

  test('the lives of a year of backups: a day costs one', () => expect(lives).toHaveLength(365));

  test.each([10, 100])('the default is the cheapest for %d GB a backup that leaves the newest alone', (gb) => {
    const { tiers, cost } = cheapestTiers(lives, gb, wishes);
    expect(tiers).toEqual(transitionsOf());
    expect(Math.abs(monthlyCost(lives, transitionsOf(), gb) - cost)).toBeLessThan(0.01);
  });

  test('instantAccess is the cheapest without archives', () => {
    const { tiers } = cheapestTiers(lives, 10, { ...wishes, instantUntil: Infinity });
    expect(tiers).toEqual(transitionsOf(StorageTiers.instantAccess()));
  });

  test('the sums in the document are these', () => {
    const usd = (of: typeof lives, tiers: Tiers) => monthlyCost(of, tiers, 10).toFixed(2);
    const cheapest = transitionsOf();
    const others = [7, 30, 90].map((count) => {
      const kept = livesOf(Retention.days(count)._bind(new Stack()), 14);
      return `| \`Retention.days(${count})\` | ${usd(kept, [])} | ${usd(kept, cheapest)} |`;
    });
    const rows = [
      `| \`StorageTiers.standardOnly()\` | ${usd(lives, [])} |`,
      `| \`StorageTiers.instantAccess()\` | ${usd(lives, transitionsOf(StorageTiers.instantAccess()))} |`,
      `| \`StorageTiers.cheapest()\` | ${usd(lives, cheapest)} |`,
      `| Deep Archive from 15 days | ${usd(lives, [['DEEP_ARCHIVE', 15]])} |`,
      `| Glacier Instant Retrieval from the start | ${usd(lives, [['GLACIER_IR', 0]])} |`,
      `| Deep Archive from the start | ${usd(lives, [['DEEP_ARCHIVE', 0]])} |`,
      ...others,
    ];
    expect(rows.filter((row) => !DOCUMENT.includes(row))).toEqual([]);
    const cents = [[], cheapest].map((tiers) => (monthlyCost(lives, tiers, 8 / 1024) * 100).toFixed(1));
    expect(DOCUMENT).toContain(`cost ${cents[0]} cents a month in Standard, and ${cents[1]} in the default tiers`);
  });

  test('nothing that S3 takes is cheaper than what the document says could be', () => {
    const free = cheapestTiers(lives, 10, { standardUntil: 0, instantUntil: 0 });
    const instant = cheapestTiers(lives, 10, { standardUntil: 0, instantUntil: Infinity });
    const archived = cheapestTiers(lives, 10, { standardUntil: 15, instantUntil: 0 });
    expect([free, instant, archived].map(({ tiers }) => tiers)).toEqual([
      [['DEEP_ARCHIVE', 0]],
      [['GLACIER_IR', 0]],
      [['DEEP_ARCHIVE', 15]],
    ]);
  });
});
