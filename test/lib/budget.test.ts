import { Duration } from 'aws-cdk-lib';
import * as rds from 'aws-cdk-lib/aws-rds';
import { BackupSchedule, Database } from '../../lib';
import { Setup } from './support';

/** CloudFormation's limit for a stack. */
const STACK_RESOURCES = 500;
/** IAM's limit for the inline policies of a role, in characters without white space. */
const INLINE_POLICY = 10_240;

const count = (setup: Setup) => Object.keys(setup.template().toJSON().Resources).length;

/** Builds a stack twice, without and with a backup, and counts what the backup adds. */
function cost(database: (setup: Setup) => Database): number {
  const [without, with_] = [new Setup(), new Setup()];
  without.create();
  database(without);
  with_.add({ database: database(with_) });
  return count(with_) - count(without);
}

const instance = ({ stack, vpc }: Setup) =>
  Database.fromInstance(
    new rds.DatabaseInstance(stack, 'Database', {
      vpc,
      storageEncrypted: true,
      engine: rds.DatabaseInstanceEngine.postgres({ version: rds.PostgresEngineVersion.VER_16_4 }),
    }),
  );

test.each([
  ['a server', 5, (setup: Setup) => setup.mysql()],
  ['an RDS instance', 6, instance],
  ['an SQLite file', 6, (setup: Setup) => setup.sqlite()],
])('one more database costs at most six resources: %s costs %d', (_, resources, database) => {
  expect(cost(database)).toBe(resources);
  expect(resources).toBeLessThanOrEqual(6);
});

test('60 databases fit into one stack, and their start into one policy', () => {
  const setup = new Setup();
  const database = instance(setup);
  for (let index = 1; index <= 60; index++) {
    setup.add({ database, schedule: BackupSchedule.every(Duration.hours(6)) }, `Database${index}`);
  }
  expect(count(setup)).toBeLessThan(STACK_RESOURCES);
  const policies = setup.resource('AWS::IAM::Role', 'SchedulerRole').Policies;
  expect(JSON.stringify(policies).length).toBeLessThan(INLINE_POLICY);
});
