import { loadExample, templateOf } from '../support/examples';

test('volume-snapshots: keeps 14 daily, 13 weekly and 12 monthly snapshots, and copies of a frozen database', () => {
  const policies = Object.values(templateOf(loadExample('volume-snapshots')).Resources)
    .filter(({ Type }) => Type === 'AWS::DLM::LifecyclePolicy')
    .map(({ Properties }) => Properties.PolicyDetails);
  expect(policies).toMatchObject([
    {
      ResourceTypes: ['VOLUME'],
      Schedules: [
        { Name: 'Daily', RetainRule: { Count: 14 } },
        { Name: 'Weekly', RetainRule: { Count: 13 } },
        { Name: 'Monthly', RetainRule: { Count: 12 } },
      ],
    },
    {
      ResourceTypes: ['INSTANCE'],
      Schedules: [
        {
          CreateRule: { Scripts: [{ ExecutionHandler: 'freeze-database' }] },
          RetainRule: { Interval: 14, IntervalUnit: 'DAYS' },
          CrossRegionCopyRules: [{ Target: 'eu-central-1', Encrypted: true }],
        },
      ],
    },
  ]);
});
