/** Lifecycle rules of the bucket. */
import type { LifecycleRule } from '@aws-sdk/client-s3';
import { GetBucketLifecycleConfigurationCommand } from '@aws-sdk/client-s3';
import { check } from '../check';
import type { Finding, Thing } from '../finding';
import { failed, judge, ok } from '../finding';

export const lifecycle = check(
  'lifecycle',
  'lifecycle rules clean up, and delete no backup',
  async (deployment): Promise<Thing<LifecycleRule[]>> => {
    const { aws, bucket } = deployment;
    const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket });
    const read = async () => (await aws.s3().send(command)).Rules;
    return deployment.thing(bucket, 's3:GetLifecycleConfiguration', read, 'NoSuchLifecycleConfiguration');
  },
  judgeLifecycle,
);

const RESTORE = 'deploy the stack of the bucket again, or add the rule by hand: docs/doctor.md';

/** What is unfinished or deleted has to go at some time; what is neither must stay, because retention decides about it. */
export function judgeLifecycle(found: Thing<LifecycleRule[]>): Finding[] {
  return judge(found, (rules = [], of) => {
    const enabled = rules.filter(({ Status }) => Status === 'Enabled');
    const has = (wanted: (rule: LifecycleRule) => unknown): boolean =>
      enabled.some((rule) => wanted(rule) !== undefined);
    const expiring = enabled.filter(
      ({ Expiration }) => Expiration?.Days !== undefined || Expiration?.Date !== undefined,
    );
    const findings = expiring.map(({ ID, Expiration }) =>
      failed(
        of,
        `the rule ${ID ?? 'without a name'} deletes backups ${Expiration?.Date ? 'at a date' : `after ${Expiration?.Days} days`}, whatever the retention says`,
        'remove its expiration: retention decides about backups',
      ),
    );
    if (!has((rule) => rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation)) {
      findings.push(failed(of, 'no rule aborts unfinished uploads: their parts stay, and cost, for ever', RESTORE));
    }
    if (!has((rule) => rule.NoncurrentVersionExpiration?.NoncurrentDays)) {
      findings.push(failed(of, 'no rule removes old versions: deleted backups stay, and cost, for ever', RESTORE));
    }
    return findings.length > 0 ? findings : ok(of, 'lifecycle rules as expected');
  });
}
