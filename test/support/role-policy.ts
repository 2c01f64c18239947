import type { Access, Statement } from '../emulator/iam/policy';
import { isAllowed as isAllowedByAll } from '../emulator/iam/policy';

export type { Statement } from '../emulator/iam/policy';

/** Policy of a key that leaves the decision to the policies of the roles. */
const TO_IAM = { Statement: { Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: '*', Resource: '*' } };

/** IAM's decision about a request of a role by the role's own policies, as the policy simulator makes it. */
export const isAllowed = (access: Access, statements: readonly Statement[]): boolean =>
  isAllowedByAll(access, {
    principal: 'arn:aws:iam::111122223333:role/any',
    identity: [{ Statement: statements }],
    resource: [TO_IAM],
  });
