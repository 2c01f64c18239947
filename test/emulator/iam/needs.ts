import type { DeployedPolicies, DeployedPolicy } from './deployed';
import type { Decision } from './guard';
import { isAllowed, many, statementsOf } from './policy';
import type { Policies, Policy, Statement } from './policy';

/** What a deployed policy says of one action, and whether any decision hangs on it. */
export interface Need {
  readonly owner: string;
  readonly kind: DeployedPolicy['kind'];
  /** `Allow s3:GetObject` */
  readonly says: string;
  readonly isNeeded: boolean;
}

interface Known {
  readonly decision: Decision;
  readonly policies: Policies;
}

/** Takes every action of every statement of a stack away, one at a time, and decides anew whatever was decided before. */
export function needs(deployed: DeployedPolicies, stack: string, decisions: readonly Decision[]): Need[] {
  const known: Known[] = decisions.flatMap((decision) => {
    const policies = deployed.for(decision.principal, decision.access.resource);
    return policies ? [{ decision, policies }] : [];
  });
  return deployed.of(stack).flatMap(({ owner, kind, document }) => {
    const all = (policies: Policies) => [...policies.identity, ...policies.resource];
    const concerned = known.filter(({ policies }) => all(policies).includes(document));
    return statementsOf(document).flatMap((statement) =>
      many(statement.Action).map((action) => {
        const rest = without(document, statement, action);
        const isNeeded = concerned.some(
          ({ decision: { access }, policies }) =>
            isAllowed(access, policies) !== isAllowed(access, replaced(policies, document, rest)),
        );
        return { owner, kind, says: `${statement.Effect} ${statement.Sid ?? ''} ${action}`.replace('  ', ' '), isNeeded };
      }),
    );
  });
}

function without(document: Policy, statement: Statement, action: string): Policy {
  const left = many(statement.Action).filter((other) => other !== action);
  const others = statementsOf(document).filter((other) => other !== statement);
  return { Statement: left.length === 0 ? others : [...others, { ...statement, Action: left }] };
}

function replaced(policies: Policies, document: Policy, by: Policy): Policies {
  const swap = (all: readonly Policy[]) => all.map((one) => (one === document ? by : one));
  return { ...policies, identity: swap(policies.identity), resource: swap(policies.resource) };
}
