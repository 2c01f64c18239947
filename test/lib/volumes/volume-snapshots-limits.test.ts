import { App, Duration, Lazy, Stack } from 'aws-cdk-lib';
import { Annotations, Match } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import type {
  DailySnapshotOptions,
  HourlySnapshotOptions,
  MonthlySnapshotOptions,
  VolumeSnapshotsProps,
} from '../../../lib';
import {
  SnapshotRetention,
  SnapshotSchedule,
  SnapshotScripts,
  SnapshotScriptStage,
  SnapshotTarget,
  SnapshotVariable,
  VolumeSnapshots,
  WeekDay,
} from '../../../lib';

const { count, days, weeks, months, years } = SnapshotRetention;
const VOLUMES = SnapshotTarget.volumes({ tags: { backup: 'yes' } });
const INSTANCES = SnapshotTarget.instances({ tags: { backup: 'yes' } });
const TOKEN = Lazy.number({ produce: () => 3 });
const TEXT = Lazy.string({ produce: () => 'text' });
const FAR = 'arn:aws:kms:eu-central-1:111122223333';

type Props = Partial<VolumeSnapshotsProps>;

function make(props: Props): Stack {
  const stack = new Stack(new App(), 'Shop', { env: { account: '111122223333', region: 'eu-west-1' } });
  new VolumeSnapshots(stack, 'Snapshots', { target: VOLUMES, schedules: [daily({})], ...props });
  return stack;
}

const daily = (options: Partial<DailySnapshotOptions>) =>
  SnapshotSchedule.daily({ hour: 3, retention: count(14), ...options });
const hourly = (options: Partial<HourlySnapshotOptions>) =>
  SnapshotSchedule.hourly({ retention: count(14), ...options });
const monthly = (options: Partial<MonthlySnapshotOptions>) =>
  SnapshotSchedule.monthly({ hour: 3, retention: count(14), ...options });
const cron = (expression: string) => SnapshotSchedule.cron(expression, { retention: count(14) });

const day = (options: Partial<DailySnapshotOptions>): Props => ({ schedules: [daily(options)] });
const hour = (options: Partial<HourlySnapshotOptions>): Props => ({ schedules: [hourly(options)] });
const month = (options: Partial<MonthlySnapshotOptions>): Props => ({ schedules: [monthly(options)] });
const scripts = (given: SnapshotScripts): Props => ({ ...day({ scripts: given }), target: INSTANCES });
const copies = (...regions: string[]): Props =>
  day({ crossRegionCopies: regions.map((region) => ({ region, retention: days(30) })) });
const fast = (availabilityZones: string[], retention = count(1)): Props =>
  day({ fastRestore: { availabilityZones, retention } });
const key = (arn: string) => kms.Key.fromKeyArn(new Stack(), 'Key', arn);
const keyed = (encryptionKey: kms.IKey): Props =>
  day({ crossRegionCopies: [{ region: 'eu-central-1', retention: days(1), encryptionKey }] });
const tags = (number: number, prefix = 'tag') =>
  Object.fromEntries(Array.from({ length: number }, (_, index) => [`${prefix}${index}`, 'x']));
const named = (...names: string[]): Props => ({ schedules: names.map((name) => daily({ name })) });

/** What is just allowed. */
const ALLOWED: [name: string, props: () => Props][] = [
  ['four schedules', () => named('a', 'b', 'c', 'd')],
  ['a name of 120 characters', () => named('a'.repeat(120))],
  ['a name of all kinds of characters', () => named('aZ09 _-')],
  ['a description of 500 characters', () => ({ description: 'a'.repeat(500) })],
  ...[1, 2, 3, 4, 6, 8, 12, 24].map((every): (typeof ALLOWED)[number] => [`every ${every}`, () => hour({ every })]),
  ['hour 0, minute 0', () => day({ hour: 0, minute: 0 })],
  ['hour 23, minute 59', () => day({ hour: 23, minute: 59 })],
  ['day 1', () => month({ day: 1 })],
  ['day 28', () => month({ day: 28 })],
  ['a shortest cron', () => ({ schedules: [cron('1 * * * ? *')] })],
  ['a longest cron', () => ({ schedules: [cron(`${'0,'.repeat(44)}0 3 * * ? *`)] })],
  ['a yearly cron', () => ({ schedules: [cron('0 3 1 1 ? *')] })],
  ...[count(1), count(1000), days(1), days(36_500), weeks(1), weeks(5_200)].map(
    (retention, index): (typeof ALLOWED)[number] => [`retention ${index}`, () => day({ retention })],
  ),
  ...[months(1), months(1_200), years(1), years(100)].map((retention, index): (typeof ALLOWED)[number] => [
    `long retention ${index}`,
    () => day({ retention }),
  ]),
  ['44 tags of the user', () => ({ tagsToAdd: tags(30), schedules: [daily({ tagsToAdd: tags(14, 'more') })] })],
  ['50 tags of the target', () => ({ target: SnapshotTarget.volumes({ tags: tags(50) }) })],
  [
    '50 tags of data volumes',
    () => ({ target: SnapshotTarget.instances({ tags: tags(1), excludeDataVolumeTags: tags(50) }) }),
  ],
  ['a key of 128 and a value of 256 characters', () => ({ tagsToAdd: { ['k'.repeat(128)]: 'v'.repeat(256) } })],
  ['a value that is a token', () => ({ tagsToAdd: { key: TEXT } })],
  [
    '45 variable tags',
    () => ({
      target: INSTANCES,
      schedules: [
        daily({
          variableTags: Object.fromEntries(Object.keys(tags(45)).map((name) => [name, SnapshotVariable.TIMESTAMP])),
        }),
      ],
    }),
  ],
  ['three copies', () => copies('eu-central-1', 'us-gov-east-1', 'ap-southeast-2')],
  ['a key of the other Region', () => keyed(key(`${FAR}:key/1`))],
  ['one zone', () => fast(['eu-west-1a'])],
  [
    'ten zones',
    () =>
      fast(
        [...'abcdefghij'].map((letter) => `eu-west-1${letter}`),
        count(1000),
      ),
  ],
  ['a zone that is a token', () => fast([TEXT])],
  ['sharing for a day', () => day({ shareWith: ['111122223333'], unshareAfter: Duration.days(1) })],
  ['sharing for a hundred years', () => day({ shareWith: ['111122223333'], unshareAfter: Duration.days(36_500) })],
  ['an archive of 90 days', () => month({ retention: days(1), archiveRetention: days(90) })],
  ['an archive of 13 weeks', () => month({ retention: days(1), archiveRetention: weeks(13) })],
  ['an archive of four months by count', () => month({ archiveRetention: count(4) })],
  ['scripts with the least', () => scripts(SnapshotScripts.document('abc', { timeout: Duration.seconds(10) }))],
  [
    'scripts with the most',
    () => scripts(SnapshotScripts.document('a'.repeat(128), { timeout: Duration.minutes(2), maximumRetryCount: 3 })),
  ],
  ['scripts after only', () => scripts(SnapshotScripts.document('abc', { stages: [SnapshotScriptStage.POST] }))],
  ['a document that is a token', () => scripts(SnapshotScripts.document(TEXT))],
];

test.each(ALLOWED)('takes %s', (_, props) => {
  expect(() => make(props())).not.toThrow();
});

const HOURS = 'must be one of 1, 2, 3, 4, 6, 8, 12, 24 hours';
const TEXTS = 'letters of A to Z, digits, spaces, hyphens and underscores';
const OTHER = 'Data Lifecycle Manager takes no other';
const POLICY = 'make another VolumeSnapshots';

/** What is just refused, and the sentence. */
const REFUSED: [name: string, props: () => Props, sentence: string][] = [
  ['no schedule', () => ({ schedules: [] }), `schedules must be 1 to 4, got: 0: ${OTHER} number`],
  ['five schedules', () => named('a', 'b', 'c', 'd', 'e'), `schedules must be 1 to 4, got: 5: ${OTHER} number`],
  ['one name twice', () => named('a', 'b', 'a'), 'names of snapshot schedules must differ, got: "a" twice'],
  [
    'a long name',
    () => named('a'.repeat(121)),
    `name of a snapshot schedule must be 1 to 120 ${TEXTS}, got: "${'a'.repeat(121)}": leave out the others`,
  ],
  [
    'a name with a dot',
    () => named('a.b'),
    `name of a snapshot schedule must be 1 to 120 ${TEXTS}, got: "a.b": leave out the others`,
  ],
  [
    'an empty description',
    () => ({ description: '' }),
    `description must be 1 to 500 ${TEXTS}, got: "": leave out the others`,
  ],
  [
    'a description with a dash',
    () => ({ description: 'a — b' }),
    `description must be 1 to 500 ${TEXTS}, got: "a — b": leave out the others`,
  ],
  [
    'a long description',
    () => ({ description: 'a'.repeat(501) }),
    `description must be 1 to 500 ${TEXTS}, got: "${'a'.repeat(501)}": leave out the others`,
  ],
  [
    'a source name with capitals',
    () => ({ sourceName: 'Shop' }),
    'source name must be 1 to 40 lower-case letters, digits and hyphens, starting and ending with a letter or a digit, got: "Shop": give another one in sourceName',
  ],
  ...[0, 5, 7, 48].map((every): (typeof REFUSED)[number] => [
    `every ${every}`,
    () => hour({ every }),
    `every of the snapshot schedule ${HOURS}, got: ${every}: use cron for others`,
  ]),
  ...[-1, 24, 1.5].map((given): (typeof REFUSED)[number] => [
    `hour ${given}`,
    () => day({ hour: given }),
    `hour of the snapshot schedule must be a whole number from 0 to 23, got: ${given}`,
  ]),
  ...[-1, 60].map((minute): (typeof REFUSED)[number] => [
    `minute ${minute}`,
    () => ({ schedules: [SnapshotSchedule.weekly({ weekDay: WeekDay.FRIDAY, hour: 3, minute, retention: count(1) })] }),
    `minute of the snapshot schedule must be a whole number from 0 to 59, got: ${minute}`,
  ]),
  ...[0, 29].map((given): (typeof REFUSED)[number] => [
    `day ${given}`,
    () => month({ day: given }),
    `day of the snapshot schedule must be a whole number from 1 to 28, got: ${given}`,
  ]),
  [
    'five fields of cron',
    () => ({ schedules: [cron('0 3 * * ?')] }),
    'cron expression must have six fields (minutes hours day-of-month month day-of-week year), got: cron(0 3 * * ?)',
  ],
  [
    'a rate',
    () => ({ schedules: [cron('rate(1 hour)')] }),
    'cron expression must have six fields (minutes hours day-of-month month day-of-week year), got: cron(rate(1 hour))',
  ],
  [
    'a long cron',
    () => ({ schedules: [cron(`${'0,'.repeat(45)}0 3 * * ? *`)] }),
    'snapshot schedule must be at most 106 characters, got: 107: Data Lifecycle Manager takes no more',
  ],
  ...['0,59 * * * ? *', '0 3 29 2 ? *', '0 3 1 1 ? 2030,2032'].map((expression): (typeof REFUSED)[number] => [
    `cron ${expression}`,
    () => ({ schedules: [cron(expression)] }),
    `snapshot schedule must run at most every hour and at least once a year, got: cron(${expression}): ${OTHER}`,
  ]),
  ...(
    [
      [count(0), '1 to 1000, got: 0'],
      [count(1001), '1 to 1000, got: 1001'],
      [count(1.5), '1 to 1000, got: 1.5'],
      [days(0), '1 to 36500 days, got: 0'],
      [days(36_501), '1 to 36500 days, got: 36501'],
      [weeks(5_201), '1 to 5200 weeks, got: 5201'],
      [months(1_201), '1 to 1200 months, got: 1201'],
      [years(101), '1 to 100 years, got: 101'],
    ] as const
  ).map(([retention, sentence]): (typeof REFUSED)[number] => [
    `retention ${sentence}`,
    () => day({ retention }),
    `retention of schedule "Daily" must be a whole number from ${sentence}`,
  ]),
  [
    'both kinds of retention',
    () => ({ schedules: [daily({}), monthly({ retention: months(12) })] }),
    `schedules must all keep by count, or all by age, got: "Daily" by count and "Monthly" by age: ${POLICY}`,
  ],
  [
    '46 tags',
    () => ({ tagsToAdd: tags(45) }),
    `tagsToAdd of schedule "Daily" must be 0 to 45, got: 46: ${OTHER} number`,
  ],
  [
    'a target without tags',
    () => ({ target: SnapshotTarget.volumes({ tags: {} }) }),
    `tags of the target must be 1 to 50, got: 0: ${OTHER} number`,
  ],
  [
    '51 tags of the target',
    () => ({ target: SnapshotTarget.volumes({ tags: tags(51) }) }),
    `tags of the target must be 1 to 50, got: 51: ${OTHER} number`,
  ],
  [
    '51 tags of data volumes',
    () => ({ target: SnapshotTarget.instances({ tags: tags(1), excludeDataVolumeTags: tags(51) }) }),
    `excludeDataVolumeTags must be 1 to 50, got: 51: ${OTHER} number`,
  ],
  ...['', 'aws:tag', 'k'.repeat(129)].map((name): (typeof REFUSED)[number] => [
    `tag "${name}"`,
    () => ({ target: SnapshotTarget.volumes({ tags: { [name]: 'x' } }) }),
    `keys of tags of the target must be 1 to 128 characters that do not begin with aws:, got: "${name}"`,
  ]),
  [
    'a long value',
    () => ({ tagsToAdd: { team: 'v'.repeat(257) } }),
    'values of tagsToAdd of schedule "Daily" must be at most 256 characters, got: 257 for "team"',
  ],
  [
    '46 variable tags',
    () => ({
      target: INSTANCES,
      schedules: [
        daily({
          variableTags: Object.fromEntries(Object.keys(tags(46)).map((name) => [name, SnapshotVariable.TIMESTAMP])),
        }),
      ],
    }),
    `variableTags of schedule "Daily" must be 1 to 45, got: 46: ${OTHER} number`,
  ],
  [
    'variable tags of volumes',
    () => day({ variableTags: { id: SnapshotVariable.INSTANCE_ID } }),
    'variableTags of schedule "Daily" needs instances, got: a target of volumes: use SnapshotTarget.instances()',
  ],
  [
    'scripts for volumes',
    () => day({ scripts: SnapshotScripts.vss() }),
    'scripts of schedule "Daily" needs instances, got: a target of volumes: use SnapshotTarget.instances()',
  ],
  ['no copy', () => copies(), `crossRegionCopies of schedule "Daily" must be 1 to 3, got: 0: ${OTHER} number`],
  [
    'four copies',
    () => copies('eu-central-1', 'eu-central-2', 'eu-west-2', 'eu-west-3'),
    `crossRegionCopies of schedule "Daily" must be 1 to 3, got: 4: ${OTHER} number`,
  ],
  [
    'two copies in one Region',
    () => copies('eu-central-1', 'eu-central-1'),
    'Regions of crossRegionCopies of schedule "Daily" must differ, got: "eu-central-1" twice',
  ],
  [
    'a Region that is none',
    () => copies('Frankfurt'),
    'region of a copy must be one such as eu-west-1, got: "Frankfurt"',
  ],
  [
    'a copy in its own Region',
    () => copies('eu-west-1'),
    'region of a copy must be another than that of the snapshots, got: eu-west-1',
  ],
  [
    'a copy by count',
    () => day({ crossRegionCopies: [{ region: 'eu-west-2', retention: count(3) }] }),
    'retention of the copy to eu-west-2 of schedule "Daily" must be by age, got: by count: Data Lifecycle Manager keeps copies by age only',
  ],
  [
    'a copy for no time',
    () => day({ crossRegionCopies: [{ region: 'eu-west-2', retention: days(0) }] }),
    'retention of the copy to eu-west-2 of schedule "Daily" must be a whole number from 1 to 36500 days, got: 0',
  ],
  [
    'a key of another Region',
    () => keyed(key('arn:aws:kms:eu-west-1:111122223333:key/1')),
    'encryptionKey of the copy to eu-central-1 of schedule "Daily" must be of that Region, got: one of eu-west-1',
  ],
  [
    'an alias',
    () => {
      const stack = new Stack(new App(), 'Far', { env: { region: 'eu-central-1' } });
      return keyed(kms.Alias.fromAliasName(stack, 'Alias', 'alias/far'));
    },
    'encryptionKey of the copy to eu-central-1 of schedule "Daily" must be a key, got: an alias: give the key by its ARN',
  ],
  [
    'an alias for the key of a volume',
    () => ({ encryptionKeys: [kms.Alias.fromAliasName(new Stack(), 'Alias', 'alias/volumes')] }),
    'encryptionKey of a volume must be a key, got: an alias: give the key by its ARN',
  ],
  [
    'no zone',
    () => fast([]),
    `availabilityZones of fastRestore of schedule "Daily" must be 1 to 10, got: 0: ${OTHER} number`,
  ],
  [
    'eleven zones',
    () => fast([...'abcdefghijk'].map((letter) => `eu-west-1${letter}`)),
    `availabilityZones of fastRestore of schedule "Daily" must be 1 to 10, got: 11: ${OTHER} number`,
  ],
  [
    'a zone twice',
    () => fast(['eu-west-1a', 'eu-west-1a']),
    'availabilityZones of fastRestore of schedule "Daily" must differ, got: "eu-west-1a" twice',
  ],
  [
    'a zone that is none',
    () => fast(['eu-west-1']),
    'availabilityZones of fastRestore of schedule "Daily" must be names such as eu-west-1a, got: "eu-west-1"',
  ],
  [
    'a zone of another Region',
    () => fast(['us-east-1a']),
    'availabilityZones of fastRestore of schedule "Daily" must be of eu-west-1, the Region of the snapshots, got: us-east-1a',
  ],
  [
    'fast restore of none',
    () => fast(['eu-west-1a'], count(0)),
    'retention of fastRestore of schedule "Daily" must be a whole number from 1 to 1000, got: 0',
  ],
  [
    'sharing with none',
    () => day({ shareWith: [] }),
    'shareWith of schedule "Daily" must name at least one account, got: an empty list: leave it out to share with none',
  ],
  [
    'sharing with a name',
    () => day({ shareWith: ['12345'] }),
    'shareWith of schedule "Daily" must hold account ids of 12 digits, got: "12345"',
  ],
  [
    'sharing twice',
    () => day({ shareWith: ['111122223333', '111122223333'] }),
    'shareWith of schedule "Daily" must differ, got: "111122223333" twice',
  ],
  [
    'the end of no sharing',
    () => day({ unshareAfter: Duration.days(1) }),
    'unshareAfter of schedule "Daily" needs shareWith, got: nobody to share with: give account ids, or leave it out',
  ],
  ...[Duration.hours(12), Duration.days(36_501)].map((unshareAfter): (typeof REFUSED)[number] => [
    `sharing for ${unshareAfter.toString()}`,
    () => day({ shareWith: ['111122223333'], unshareAfter }),
    `unshareAfter of schedule "Daily" must be a whole number from 1 to 36500 days, got: ${unshareAfter.toDays({ integral: false })}`,
  ]),
  [
    'an archive of instances',
    () => ({ target: INSTANCES, ...month({ archiveRetention: count(12) }) }),
    'archiveRetention of schedule "Monthly" needs volumes, got: a target of instances: use SnapshotTarget.volumes()',
  ],
  [
    'an archive twice a month',
    () => ({
      schedules: [SnapshotSchedule.cron('0 3 1,15 * ? *', { retention: count(1), archiveRetention: count(99) })],
    }),
    'archiveRetention of schedule "Cron" needs 28 days or more between two snapshots, got: cron(0 3 1,15 * ? *): use monthly',
  ],
  [
    'an archive of 84 days by count',
    () => month({ archiveRetention: count(3) }),
    'archiveRetention of schedule "Monthly" must come to 90 days or more, got: 84 days: keep more',
  ],
  ...[days(89), weeks(12), months(2)].map((archiveRetention, index): (typeof REFUSED)[number] => [
    `an archive of less than 90 days by age (${index})`,
    () => month({ retention: days(1), archiveRetention }),
    `archiveRetention of schedule "Monthly" must come to 90 days or more, got: ${[89, 84, 60][index]} days: keep more`,
  ]),
  [
    'an archive by age of a schedule by count',
    () => month({ archiveRetention: years(1) }),
    'archiveRetention of schedule "Monthly" must be by count, as its retention is, got: by age',
  ],
  [
    'two archives',
    () => ({
      schedules: ['a', 'b', 'c'].map((name) =>
        monthly({ name, archiveRetention: name === 'b' ? undefined : count(9) }),
      ),
    }),
    `archiveRetention must be for one schedule of a policy, got: "a" and "c": ${POLICY}`,
  ],
  ...['ab', 'a'.repeat(129), 'a b', `arn:${'a'.repeat(197)}`].map((document): (typeof REFUSED)[number] => [
    `document ${document}`,
    () => scripts(SnapshotScripts.document(document)),
    `document of the scripts must be a name of 3 to 128 letters, digits, _, - and ., or an ARN, got: "${document}"`,
  ]),
  ...[-1, 4].map((maximumRetryCount): (typeof REFUSED)[number] => [
    `${maximumRetryCount} retries`,
    () => scripts(SnapshotScripts.vss({ maximumRetryCount })),
    `maximumRetryCount of the scripts must be a whole number from 0 to 3, got: ${maximumRetryCount}`,
  ]),
  ...[9, 121].map((seconds): (typeof REFUSED)[number] => [
    `a timeout of ${seconds}`,
    () => scripts(SnapshotScripts.document('abc', { timeout: Duration.seconds(seconds) })),
    `timeout of the scripts must be a whole number from 10 to 120 seconds, got: ${seconds}`,
  ]),
  [
    'no stages',
    () => scripts(SnapshotScripts.document('abc', { stages: [] })),
    `stages of the scripts must be 1 to 2, got: 0: ${OTHER} number`,
  ],
  [
    'a stage twice',
    () => scripts(SnapshotScripts.sapHana({ stages: [SnapshotScriptStage.PRE, SnapshotScriptStage.PRE] })),
    'stages of the scripts must differ, got: "PRE" twice',
  ],
  [
    'what to do without a script before',
    () =>
      scripts(
        SnapshotScripts.document('abc', {
          stages: [SnapshotScriptStage.POST],
          executeOperationOnScriptFailure: true,
        }),
      ),
    'executeOperationOnScriptFailure is for scripts before the snapshot, got: stages without PRE: leave it out',
  ],
];

test.each(REFUSED)('refuses %s', (_, props, sentence) => {
  expect(() => make(props())).toThrow(new Error(`Shop/Snapshots: ${sentence}`));
});

test.each<[what: string, props: () => Props]>([
  ['sourceName', () => ({ sourceName: TEXT })],
  ['description', () => ({ description: TEXT })],
  ['name of a snapshot schedule', () => named(TEXT)],
  ['every of the snapshot schedule', () => hour({ every: TOKEN })],
  ['hour of the snapshot schedule', () => day({ hour: TOKEN })],
  ['minute of the snapshot schedule', () => day({ minute: TOKEN })],
  ['day of the snapshot schedule', () => month({ day: TOKEN })],
  ['snapshot schedule', () => ({ schedules: [cron(TEXT)] })],
  ['retention of schedule "Daily"', () => day({ retention: count(TOKEN) })],
  ['keys of tags of the target', () => ({ target: SnapshotTarget.volumes({ tags: { [TEXT]: 'x' } }) })],
  ['region of a copy', () => copies(TEXT)],
  ['unshareAfter of schedule "Daily"', () => day({ shareWith: ['111122223333'], unshareAfter: Duration.days(TOKEN) })],
  ['maximumRetryCount of the scripts', () => scripts(SnapshotScripts.vss({ maximumRetryCount: TOKEN }))],
  ['timeout of the scripts', () => scripts(SnapshotScripts.document('abc', { timeout: Duration.seconds(TOKEN) }))],
])('refuses a token for %s', (what, props) => {
  expect(() => make(props())).toThrow(
    new Error(`Shop/Snapshots: ${what} must be known at synth, got: a token: write the value itself`),
  );
});

const warnings = (props: Props) =>
  Annotations.fromStack(make(props))
    .findWarning('/Shop/Snapshots', Match.anyValue())
    .map(({ entry }) => entry.data);

test('warns of what Data Lifecycle Manager never deletes', () => {
  expect(warnings(month({ retention: days(27) }))).toEqual([
    'schedule "Monthly" keeps snapshots for 27 days, and makes one every 28 days: when its policy or volume goes, Data Lifecycle Manager never deletes the last one [ack: proven-backups:snapshotRetention]',
  ]);
  expect(warnings({ schedules: [cron('0 3 1 1 ? 2099')] })).toEqual([
    'cron(0 3 1 1 ? 2099) makes one snapshot only, which Data Lifecycle Manager never deletes: delete it by hand [ack: proven-backups:snapshotOnce]',
  ]);
  expect(warnings(month({ retention: days(28) }))).toEqual([]);
  expect(warnings({})).toEqual([]);
});
