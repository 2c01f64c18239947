import { Stack, Token } from 'aws-cdk-lib';
import type { CfnLifecyclePolicy } from 'aws-cdk-lib/aws-dlm';
import type { IConstruct } from 'constructs';
import type { CrossRegionCopyOptions, FastRestoreOptions, SnapshotOptions } from '../snapshot-schedule-options';
import { requireCount, requireDistinct, requireNumber } from './dlm-checks';
import { fault, requireValue, secondsOf } from '../../private/fault';
import { isUnknown } from '../../private/lookup';
import { requireKey } from '../../bucket/private/key';

const REGION = /^([a-z]+-){2,3}\d$/;
const DAY = 86_400;

/** `retention of schedule "Daily"` */
type Of = (what: string) => string;

/** Renders the copies in other Regions. */
export function copyRules(
  scope: IConstruct,
  of: Of,
  copies: readonly CrossRegionCopyOptions[],
): CfnLifecyclePolicy.CrossRegionCopyRuleProperty[] {
  requireCount(scope, of('crossRegionCopies'), copies, 1, 3);
  const rules = copies.map((copy) => copyRule(scope, of(`copy to ${copy.region}`), copy));
  requireDistinct(
    scope,
    of('Regions of crossRegionCopies'),
    copies.map(({ region }) => region),
  );
  return rules;
}

function copyRule(
  scope: IConstruct,
  what: string,
  { region, encryptionKey, retention, copyTags }: CrossRegionCopyOptions,
): CfnLifecyclePolicy.CrossRegionCopyRuleProperty {
  requireValue(scope, 'region of a copy', region);
  if (!REGION.test(region) && !isUnknown(region))
    fault(scope, `region of a copy must be one such as eu-west-1, got: "${region}"`);
  if (region === Stack.of(scope).region) {
    fault(scope, `region of a copy must be another than that of the snapshots, got: ${region}`);
  }
  const { kind, rule } = retention._bind(scope, `retention of the ${what}`);
  if (kind !== 'age') {
    fault(
      scope,
      `retention of the ${what} must be by age, got: by count: Data Lifecycle Manager keeps copies by age only`,
    );
  }
  const keyRegion = encryptionKey?.env.region;
  if (keyRegion !== undefined && ![keyRegion, region].some(isUnknown) && keyRegion !== region) {
    fault(scope, `encryptionKey of the ${what} must be of that Region, got: one of ${keyRegion}`);
  }
  requireKey(scope, `encryptionKey of the ${what}`, encryptionKey);
  // `interval` and its unit: a count was refused above.
  const retainRule = { interval: rule.interval!, intervalUnit: rule.intervalUnit! };
  return { target: region, encrypted: true, cmkArn: encryptionKey?.keyArn, copyTags: copyTags ?? true, retainRule };
}

/** Renders fast snapshot restore. */
export function fastRestoreRule(
  scope: IConstruct,
  of: Of,
  { availabilityZones, retention }: FastRestoreOptions,
): CfnLifecyclePolicy.FastRestoreRuleProperty {
  const what = of('availabilityZones of fastRestore');
  requireCount(scope, what, availabilityZones, 1, 10);
  requireDistinct(scope, what, availabilityZones);
  const { region } = Stack.of(scope);
  for (const zone of availabilityZones) {
    if (isUnknown(zone)) continue;
    if (!REGION.test(zone.slice(0, -1)) || !/[a-z]$/.test(zone)) {
      fault(scope, `${what} must be names such as eu-west-1a, got: "${zone}"`);
    }
    if (!Token.isUnresolved(region) && zone.slice(0, -1) !== region) {
      fault(scope, `${what} must be of ${region}, the Region of the snapshots, got: ${zone}`);
    }
  }
  return { availabilityZones, ...retention._bind(scope, of('retention of fastRestore')).rule };
}

/** Renders the sharing with other accounts. */
export function shareRules(
  scope: IConstruct,
  of: Of,
  { shareWith, unshareAfter }: SnapshotOptions,
): CfnLifecyclePolicy.ShareRuleProperty[] | undefined {
  if (shareWith === undefined) {
    if (unshareAfter !== undefined) {
      fault(
        scope,
        `${of('unshareAfter')} needs shareWith, got: nobody to share with: give account ids, or leave it out`,
      );
    }
    return undefined;
  }
  if (shareWith.length === 0) {
    fault(
      scope,
      `${of('shareWith')} must name at least one account, got: an empty list: leave it out to share with none`,
    );
  }
  for (const account of shareWith) {
    if (!isUnknown(account) && !/^\d{12}$/.test(account)) {
      fault(scope, `${of('shareWith')} must hold account ids of 12 digits, got: "${account}"`);
    }
  }
  requireDistinct(scope, of('shareWith'), shareWith);
  const seconds = secondsOf(scope, of('unshareAfter'), unshareAfter);
  if (seconds === undefined) return [{ targetAccounts: [...shareWith] }];
  requireNumber(scope, of('unshareAfter'), seconds / DAY, { from: 1, to: 36_500, unit: 'days' });
  return [{ targetAccounts: [...shareWith], unshareInterval: seconds / DAY, unshareIntervalUnit: 'DAYS' }];
}
