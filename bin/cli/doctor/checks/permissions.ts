/** Permissions of the roles: what is needed is allowed, and what must not be is denied. */
import type { EvaluationResult } from '@aws-sdk/client-iam';
import { IAMClient, InvalidInputException, paginateSimulatePrincipalPolicy } from '@aws-sdk/client-iam';
import type { Access } from '../../../../catalog/contract/permissions';
import { groupBy } from '../../../../catalog/group-by';
import { mapParallel } from '../../../../catalog/parallel';
import type { Check } from '../check';
import { CommandError } from '../../errors';
import { all, nameOf } from '../deployment';
import type { Finding, Thing } from '../finding';
import { DEPLOY, failed, judgeEach, notChecked, ok } from '../finding';
import type { DeployedRole } from '../roles';
import { deployedRoles } from '../roles';

/** Roles at a time: IAM throttles sooner than other services. */
const WIDTH = 4;

/** A request, and what IAM decided. */
interface Decided extends Access {
  readonly decision: EvaluationResult;
}

export const permissions: Check = {
  id: 'permissions',
  title: 'the roles may do what they need, and not what they must not',
  needs: ['allTasks', 'functions', 'schedules', 'secrets', 'secretKeys', 'logGroups', 'topicKeys'],
  run: async (deployment) => {
    const roles = await deployedRoles(deployment);
    if (roles.length === 0) return [notChecked(deployment.bucket, 'no task names the key of the bucket')];
    const client = deployment.aws.client(IAMClient, { maxAttempts: 10 });
    let done = 0;
    const asked = await mapParallel(roles, WIDTH, async (role) => {
      const of = `${role.what} (${nameOf(role.arn)})`;
      const decide = () => decideAll(client, role);
      const decided = await deployment.thing(of, 'iam:SimulatePrincipalPolicy', decide, 'NoSuchEntityException');
      deployment.tell(`${++done} of ${roles.length} roles`);
      return decided;
    });
    return judgePermissions(asked);
  },
};

/** IAM decides about each action on each resource: one request for all that is asked under the same circumstances. */
async function decideAll(client: IAMClient, { arn, accesses }: DeployedRole): Promise<Decided[]> {
  const decided: Decided[] = [];
  // What several tasks share a role for is asked once.
  const distinct = new Map(accesses.map((access) => [JSON.stringify(access), access]));
  const groups = groupBy([...distinct.values()], ({ resource, context }) =>
    JSON.stringify([resource === '*', context]),
  );
  for (const group of groups.values()) {
    const actions = [...new Set(group.map(({ action }) => action))];
    const resources = [...new Set(group.map(({ resource }) => resource))];
    const results = await simulate(client, arn, actions, resources, group[0]!.context);
    decided.push(...group.map((access) => ({ ...access, decision: decisionOf(results, access) })));
  }
  return decided;
}

async function simulate(
  client: IAMClient,
  role: string,
  actions: readonly string[],
  resources: readonly string[],
  context: Access['context'],
): Promise<EvaluationResult[]> {
  try {
    return await all(
      paginateSimulatePrincipalPolicy(
        { client, pageSize: 1000 },
        {
          PolicySourceArn: role,
          ActionNames: [...actions],
          ResourceArns: [...resources],
          ContextEntries: Object.entries(context).map(([ContextKeyName, value]) => ({
            ContextKeyName,
            ContextKeyValues: [value],
            ContextKeyType: value === 'true' ? 'boolean' : 'string',
          })),
        },
      ),
      'EvaluationResults',
    );
  } catch (error) {
    // Some actions "require different authorization information": IAM wants to be asked about them separately.
    if (!(error instanceof InvalidInputException) || actions.length === 1) throw error;
    const half = Math.ceil(actions.length / 2);
    const parts = [actions.slice(0, half), actions.slice(half)];
    return (await mapParallel(parts, 1, (part) => simulate(client, role, part, resources, context))).flat();
  }
}

/** An answer is about one resource, or has one for each. */
function decisionOf(results: readonly EvaluationResult[], { action, resource }: Access): EvaluationResult {
  for (const result of results.filter(({ EvalActionName: name }) => name?.toLowerCase() === action.toLowerCase())) {
    const { EvalResourceName = resource, ResourceSpecificResults: specific = [] } = result;
    const found = specific.find((one) => one.EvalResourceName === resource);
    if (found) return { ...result, ...found, EvalDecision: found.EvalResourceDecision };
    if (specific.length === 0 && EvalResourceName === resource) return result;
  }
  throw new CommandError(`IAM did not decide about ${action} on ${resource}`);
}

/** Policies of buckets, keys and queues are not simulated for roles; that of the bucket has its own check. */
export function judgePermissions(roles: readonly Thing<readonly Decided[]>[]): Finding[] {
  return judgeEach(roles, (decided, of) => {
    if (!decided) return failed(of, 'the role does not exist', DEPLOY);
    const wrong = decided.filter(({ isNeeded, decision }) => isNeeded !== (decision.EvalDecision === 'allowed'));
    if (wrong.length === 0) return ok(of, `${decided.length} permissions as expected`);
    const list = (isNeeded: boolean, text: (one: Decided) => string): string[] => {
      const texts = new Set(wrong.filter((one) => one.isNeeded === isNeeded).map(text));
      return texts.size > 0 ? [[...texts].join('; ')] : [];
    };
    return [
      ...list(true, (one) => `${phrase(one)}: ${reason(one.decision)}`).map((all) =>
        failed(of, `may not ${all}`, ALLOW),
      ),
      ...list(false, phrase).map((all) => failed(of, `must not be allowed to ${all}`, DENY)),
    ];
  });
}

const ALLOW = 'undo what was changed by hand, or deploy its stack again; what each role needs: docs/roles.md';
const DENY = 'take away the policy that somebody gave the role; what each role must not do: docs/roles.md';

const phrase = ({ action, resource }: Access): string => `${action} on ${resource}`;

function reason(decision: EvaluationResult): string {
  const { OrganizationsDecisionDetail: organization, PermissionsBoundaryDecisionDetail: boundary } = decision;
  if (organization?.AllowedByOrganizations === false) return 'a policy of the organization does not allow it';
  if (boundary?.AllowedByPermissionsBoundary === false) return 'its permissions boundary does not allow it';
  return decision.EvalDecision === 'explicitDeny'
    ? 'a policy of the role denies it'
    : 'no policy of the role allows it';
}
