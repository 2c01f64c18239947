/** Permissions of the roles: what is needed is allowed, and what must not be is denied. */
import type { EvaluationResult } from '@aws-sdk/client-iam';
import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import type { Access } from '../../../../catalog/contract/permissions';
import { mapParallel } from '../../../../catalog/parallel';
import { check } from '../check';
import type { Finding, Thing } from '../finding';
import { DEPLOY, failed, judge, ok } from '../finding';
import { nameOf } from '../deployment';
import type { DeployedRole } from '../roles';
import { deployedRoles } from '../roles';

const WIDTH = 4;

/** A request, and what IAM decided. */
export interface Decided {
  readonly access: Access;
  /** Whether the role needs it; otherwise it must be denied. */
  readonly needed: boolean;
  readonly result: EvaluationResult;
}

export const permissions = check(
  'permissions',
  'the roles may do what they need, and not what they must not',
  async (deployment): Promise<Thing<readonly Decided[]>[]> => {
    const { roles, unknown } = await deployedRoles(deployment);
    const client = deployment.aws.client(PatientIam);
    const asked = await mapParallel(roles, WIDTH, (role) =>
      deployment.thing(
        `${role.what} (${nameOf(role.arn)})`,
        'iam:SimulatePrincipalPolicy',
        () => decide(client, role),
        'NoSuchEntityException',
      ),
    );
    return [...unknown, ...asked];
  },
  judgePermissions,
);

/** IAM throttles sooner than other services. */
class PatientIam extends IAMClient {
  constructor(settings: { readonly region?: string }) {
    super({ ...settings, maxAttempts: 10 });
  }
}

/** One request for all actions on the same resource under the same circumstances. */
async function decide(client: IAMClient, { arn, needed, denied }: DeployedRole): Promise<Decided[]> {
  const asked = [
    ...needed.map((access) => ({ access, needed: true })),
    ...denied.map((access) => ({ access, needed: false })),
  ];
  const groups = new Map<string, typeof asked>();
  for (const one of asked) {
    const key = JSON.stringify([one.access.resource, one.access.context]);
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const decided: Decided[] = [];
  for (const group of groups.values()) {
    const { resource, context = {} } = group[0]!.access;
    const actions = [...new Set(group.map(({ access }) => access.action))];
    const answer = await client.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn: arn,
        ActionNames: actions,
        ResourceArns: [resource],
        ContextEntries: Object.entries(context).map(([ContextKeyName, value]) => ({
          ContextKeyName,
          ContextKeyValues: [value],
          ContextKeyType: value === 'true' ? 'boolean' : 'string',
        })),
      }),
    );
    const results = new Map(
      (answer.EvaluationResults ?? []).map((result) => [result.EvalActionName!.toLowerCase(), result]),
    );
    for (const one of group) decided.push({ ...one, result: results.get(one.access.action.toLowerCase())! });
  }
  return decided;
}

/** Policies of buckets, keys and queues are not simulated for roles; that of the bucket has its own check. */
export function judgePermissions(roles: readonly Thing<readonly Decided[]>[]): Finding[] {
  return roles.flatMap((role) =>
    judge(role, (decided, of) => {
      if (!decided) return failed(of, 'the role does not exist', DEPLOY);
      const wrong = decided.filter(({ needed, result }) => needed !== isAllowed(result));
      const missing = wrong.filter(({ needed }) => needed);
      const excess = wrong.filter(({ needed }) => !needed);
      const list = (all: readonly Decided[], text: (one: Decided) => string) => [...new Set(all.map(text))].join('; ');
      const findings = [
        ...(missing.length > 0
          ? [failed(of, `may not ${list(missing, (one) => `${phrase(one)}: ${reason(one.result)}`)}`, ALLOW)]
          : []),
        ...(excess.length > 0 ? [failed(of, `must not be allowed to ${list(excess, phrase)}`, DENY)] : []),
      ];
      return findings.length > 0 ? findings : ok(of, `${decided.length} permissions as expected`);
    }),
  );
}

const ALLOW = 'undo what was changed by hand, or deploy its stack again; what each role needs: docs/roles.md';
const DENY = 'take away the policy that somebody gave the role; what each role must not do: docs/roles.md';

const phrase = ({ access: { action, resource } }: Decided): string => `${action} on ${resource}`;
const isAllowed = ({ ResourceSpecificResults, EvalDecision }: EvaluationResult): boolean =>
  (ResourceSpecificResults?.[0]?.EvalResourceDecision ?? EvalDecision) === 'allowed';

function reason({
  EvalDecision,
  OrganizationsDecisionDetail,
  PermissionsBoundaryDecisionDetail,
}: EvaluationResult): string {
  if (OrganizationsDecisionDetail?.AllowedByOrganizations === false)
    return 'a policy of the organization does not allow it';
  if (PermissionsBoundaryDecisionDetail?.AllowedByPermissionsBoundary === false)
    return 'its permissions boundary does not allow it';
  return EvalDecision === 'explicitDeny' ? 'a policy of the role denies it' : 'no policy of the role allows it';
}
