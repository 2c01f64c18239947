import type { DeployedPolicies, DeployedPolicy } from './deployed';
import type { Decision } from './guard';
import { isAllowed, many, statementsOf } from './policy';
import type { Policies, Policy, Statement } from './policy';

/** What a deployed policy says of one action, and whether any decision hangs on it. */
export interface Need {
  readonly owner: string;
  readonly kind: DeployedPolicy['kind'];
  /** `Allow s3:ListBucket if s3:prefix` */
  readonly says: string;
  readonly isNeeded: boolean;
}

interface Known {
  readonly decision: Decision;
  readonly policies: Policies;
}

/** Takes every action of every statement away, one at a time, and decides anew whatever was decided before. */
export function needs(
  deployed: DeployedPolicies,
  policies: readonly DeployedPolicy[],
  decisions: readonly Decision[],
): Need[] {
  const known: Known[] = decisions.flatMap((decision) => {
    const found = deployed.for(decision.principal, decision.access.resource);
    return found ? [{ decision, policies: found }] : [];
  });
  return policies.flatMap(({ owner, kind, document }) => {
    const concerned = known.filter(({ policies: { identity, resource } }) =>
      [...identity, ...resource].includes(document),
    );
    return statementsOf(document).flatMap((statement) =>
      many(statement.Action).map((action) => {
        const rest = without(document, statement, action);
        const isNeeded = concerned.some((one) => {
          const { access } = one.decision;
          const before = statement.Effect === 'Deny' ? soleDenier(one.policies, document) : one.policies;
          return (
            isAllowed(access, before) !==
            isAllowed(
              access,
              changed(before, (policy) => (policy === document ? rest : policy)),
            )
          );
        });
        return { owner, kind, says: text(statement, action), isNeeded };
      }),
    );
  });
}

function text({ Effect, Sid, Condition = {} }: Statement, action: string): string {
  const keys = Object.values(Condition).flatMap((condition) => Object.keys(condition));
  return [Effect, Sid, action, ...(keys.length > 0 ? ['if', keys.join(', ')] : [])].filter(Boolean).join(' ');
}

/** A denial counts where no other policy denies the same: the bucket, the role and the boundary of a user may be others. */
const soleDenier = (policies: Policies, document: Policy): Policies =>
  changed(policies, (one) =>
    one === document ? one : { Statement: statementsOf(one).filter(({ Effect }) => Effect !== 'Deny') },
  );

function without(document: Policy, statement: Statement, action: string): Policy {
  const left = many(statement.Action).filter((other) => other !== action);
  const others = statementsOf(document).filter((other) => other !== statement);
  return { Statement: left.length === 0 ? others : [...others, { ...statement, Action: left }] };
}

function changed(policies: Policies, change: (policy: Policy) => Policy): Policies {
  return { ...policies, identity: policies.identity.map(change), resource: policies.resource.map(change) };
}
