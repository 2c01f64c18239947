import { appOf, jobOf, refusal, resource, stackOf } from './support';

const VPC = '{ id: vpc-0a1b2c3d, availabilityZones: [eu-west-1a], privateSubnetIds: [subnet-0a1b2c3d] }';
const file = (entry: string, top = '') => `account: 111122223333
region: eu-west-1
vpc: ${VPC}
${top}
databases:
  shop:
    engine: mysql
    version: 8.4
    host: db.internal
    secret: shop/backup
    schedule: { every: 6h }
    ${entry}
`;
const plansOf = (entry: string, top?: string): unknown => {
  const { Value } = resource(
    stackOf(appOf(file(entry, top))).template,
    'AWS::SSM::Parameter',
    'RestoreTestingSettings',
  );
  const text = (Value['Fn::Join'][1] as unknown[]).map((part) => (typeof part === 'string' ? part : '…')).join('');
  return (JSON.parse(text) as { plans: unknown }).plans;
};

test.each([
  ['', '', { kind: 'newest', everySeconds: 604_800 }],
  ['', 'restoreTest: daily', { kind: 'newest', everySeconds: 86_400 }],
  ['restoreTest: monthly', 'restoreTest: daily', { kind: 'newest', everySeconds: 30 * 86_400 }],
  ['restoreTest: everyBackup', '', { kind: 'each' }],
  ['restoreTest: random', '', { kind: 'random', everySeconds: 604_800 }],
  ['restoreTest: { random: 2d }', '', { kind: 'random', everySeconds: 172_800 }],
  ['restoreTest: { newestOf: month }', '', { kind: 'newest-of', period: 'month' }],
])('%s, and for all %s', (entry, top, plan) => {
  expect(plansOf(entry, top)).toEqual([plan]);
});

test('expectations and digests are in the job', () => {
  const entry = `rowDigests: { upTo: 2GiB }
    expect:
      - { statement: SELECT 1, atLeast: 0.5 }
      - { statement: SELECT 2, equals: 02, database: shop }
      - { tables: 3 }`;
  expect(jobOf(stackOf(appOf(file(entry))).template, 'shop')).toMatchObject({
    rowDigests: { kind: 'up-to', bytes: 2 * 1024 ** 3 },
    expectations: [
      { kind: 'at-least', statement: 'SELECT 1', value: 0.5 },
      { kind: 'equals', statement: 'SELECT 2', value: '02', database: 'shop' },
      { kind: 'tables', value: 3 },
    ],
  });
});

test.each([
  [
    'restoreTest: off',
    'databases.shop.restoreTest must be one of weekly, daily, monthly, everyBackup, random, got: off: to turn tests off write why: restoreTest: { off: <reason> }',
  ],
  ['restoreTest: { off: "" }', 'must be the reason why backups are not tested, got: ""'],
  ['restoreTest: { random: 1h }', 'interval of the restore tests must be a whole number from 86400 to'],
  ['rowDigests: some', 'must be all, none, or a map with upTo or share, got: some: for a share of the time write'],
  ['rowDigests: { upTo: 5GB }', 'must be a size such as 500MiB or 2GiB, got: 5GB'],
  ['expect: [{ statement: SELECT 1 }]', 'must be a map with atLeast, equals or tables'],
  ['expect: [{ atLeast: many, statement: SELECT 1 }]', 'must be a number, got: many'],
  ['recoveryPointObjective: 6h', 'recoveryPointObjective must be longer than the longest time between two runs'],
])('refuses %s', (entry, sentence) => {
  expect(refusal(file(entry))).toContain(sentence);
});
