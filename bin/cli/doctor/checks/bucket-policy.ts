/** The policy of the bucket: it denies what would harm backups, to everybody but the functions that have to do it. */
import { GetBucketPolicyCommand } from '@aws-sdk/client-s3';
import { MANIFEST_FILE } from '../../../../catalog/bucket/names';
import type { Check } from '../check';
import type { DeployedFunction } from '../deployment';
import { nameOf } from '../deployment';
import type { Finding } from '../finding';
import { failed, judge, ok, valueOf, warning } from '../finding';
import type { Statement } from '../policy';
import { conditionsOf, isLike, principalsOf, statementsOf } from '../policy';
import { ask } from './bucket';

/** A condition: its operator, its key, and its values; whatever values if they are left out. */
type Condition = readonly [operator: RegExp, key: string, isWanted?: (value: string, keyArn?: string) => boolean];

/** Denials for everybody that the bucket needs. */
interface Denial {
  readonly what: string;
  readonly action: string;
  /** The objects; all if left out. */
  readonly objects?: string;
  /** The first has to be there, and no other than these: each narrows what is denied. */
  readonly conditions?: readonly Condition[];
  /** Functions whose roles it exempts. */
  readonly exempt?: DeployedFunction['kind'];
}

const is = (wanted: string) => (value: string) => value === wanted;
const isKey = (value: string, keyArn = value) => nameOf(value) === nameOf(keyArn);
const SSE = 's3:x-amz-server-side-encryption';
const DENIALS: readonly Denial[] = [
  { what: 'requests without TLS', action: 's3:*', conditions: [[/^Bool$/, 'aws:SecureTransport', is('false')]] },
  {
    ...{ what: 'TLS older than 1.2', action: 's3:*' },
    conditions: [[/^NumericLessThan$/, 's3:TlsVersion', (version) => Number(version) >= 1.2]],
  },
  {
    ...{ what: 'other keys', action: 's3:PutObject' },
    conditions: [
      [/^(String|Arn)Not(Equals|Like)$/, `${SSE}-aws-kms-key-id`, isKey],
      [/^Null$/, SSE, is('false')],
    ],
  },
  {
    ...{ what: 'keys of customers', action: 's3:PutObject' },
    conditions: [[/^Null$/, `${SSE}-customer-algorithm`, is('false')]],
  },
  {
    ...{ what: 'overwriting manifests', action: 's3:PutObject', objects: `*/*/${MANIFEST_FILE}` },
    conditions: [
      [/^Null$/, 's3:if-none-match', is('true')],
      [/^Bool$/, 's3:ObjectCreationOperation', is('true')],
    ],
  },
  { what: 'deleting objects', action: 's3:DeleteObject', exempt: 'prune' },
  { what: 'deleting versions', action: 's3:DeleteObjectVersion', exempt: 'undelete' },
];
/** Of the denials that exempt roles. */
const EXEMPTION: Condition = [/^(ArnNot(Equals|Like)|StringNotLike)$/, 'aws:PrincipalArn'];

export const bucketPolicy: Check = {
  id: 'bucket-policy',
  title: 'the policy of the bucket protects the backups',
  needs: ['functions', 'tasks'],
  run: async (deployment) => {
    const found = await ask(
      deployment,
      's3:GetBucketPolicy',
      async (s3, bucket) => (await s3.send(new GetBucketPolicyCommand(bucket))).Policy,
      'NoSuchBucketPolicy',
    );
    const functions = await deployment.functions();
    const keyArn = await deployment.keyArn();
    return judge(found, (text, of) => judgePolicy(text, of, functions, keyArn));
  },
};

const MEND_POLICY = 'deploy its stack again; an imported bucket needs the statements of docs/doctor.md';

/** Each denial has to be there; those of deletes have to let the functions through, and nobody else. */
export function judgePolicy(
  text: string | undefined,
  of: string,
  functions: readonly DeployedFunction[],
  keyArn?: string,
): Finding[] {
  const findings = DENIALS.flatMap(({ what, action, objects = '*/*', conditions = [], exempt }) => {
    const allowed = exempt === undefined ? conditions : [EXEMPTION];
    const fits = ([operator, key, isWanted = () => true]: Condition, one: ReturnType<typeof conditionsOf>[number]) =>
      operator.test(one.operator) && key === one.key && one.values.every((value) => isWanted(value, keyArn));
    const found = statementsOf(text, 'Deny', action).filter((statement) => {
      const own = conditionsOf(statement);
      return (
        principalsOf(statement).includes('*') &&
        [statement.Resource ?? []]
          .flat()
          .some((pattern) => isLike(pattern.replace(/^arn:[\w-]+:s3:::/, ''), `${of}/${objects}`)) &&
        conditions.slice(0, 1).every((first) => own.some((one) => fits(first, one))) &&
        own.every((one) => allowed.some((condition) => fits(condition, one)))
      );
    });
    if (found.length === 0) return [failed(of, `the policy does not deny ${what}`, MEND_POLICY)];
    return exempt === undefined
      ? []
      : judgeExempted(
          of,
          what,
          found.map(exemptedBy),
          functions.filter(({ kind }) => kind === exempt),
        );
  });
  return findings.length > 0 ? findings : [ok(of, 'the policy has its denials')];
}

const exemptedBy = (denial: Statement): string[] => conditionsOf(denial).flatMap(({ values }) => values);

/** @param exempted patterns of roles, of each denial: who is let through by all of them may do it */
function judgeExempted(
  of: string,
  what: string,
  exempted: readonly string[][],
  functions: readonly DeployedFunction[],
): Finding[] {
  const fits = (pattern: string, one: DeployedFunction) => {
    const role = valueOf(one)?.Configuration?.Role;
    return role === undefined || isLike(pattern, role);
  };
  const shut = functions.filter((one) => !exempted.every((patterns) => patterns.some((pattern) => fits(pattern, one))));
  // Of several denials the narrowest counts.
  const [patterns = []] = exempted.toSorted((one, other) => one.length - other.length);
  const wide = patterns.filter((pattern) => /[*?]/.test(pattern) && !PATH.test(pattern));
  const strange = patterns.filter((pattern) => !wide.includes(pattern) && !functions.some((one) => fits(pattern, one)));
  return [
    ...shut.map(({ of: name, kind }) =>
      failed(of, `the policy does not admit the role of ${name}, which cannot ${kind}`, MEND_POLICY),
    ),
    ...wide.map((pattern) =>
      failed(of, `the policy denies ${what}, but not to ${pattern}, which fits others too`, MEND_POLICY),
    ),
    ...strange.map((pattern) =>
      warning(
        of,
        `the policy denies ${what}, but not to ${pattern}, which is no function of ours`,
        'remove it, unless you gave it grantPrune or grantUndelete',
      ),
    ),
  ];
}

/** Roles of one path: nobody else gives a role that path. */
const PATH = /^arn:[\w-]+:iam::\d+:role\/[^*?]+\/[^?]*$/;
