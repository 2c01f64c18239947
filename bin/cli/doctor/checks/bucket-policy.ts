/** The policy of the bucket: its denials, and whom they exempt. */
import { GetBucketPolicyCommand } from '@aws-sdk/client-s3';
import { check } from '../check';
import type { DeployedFunction } from '../deployment';
import type { Finding, Thing } from '../finding';
import { failed, judge, ok, unanswered, valueOf } from '../finding';

type OneOrMore = string | readonly string[];

/** A statement of a policy, as far as it is read here. */
interface Statement {
  readonly Effect: string;
  readonly Principal?: unknown;
  readonly Action?: OneOrMore;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

/** Denials for everybody that the bucket of backups needs: an action, and the key of their condition. */
const DENIALS: readonly (readonly [what: string, action: string, key?: string])[] = [
  ['requests without TLS', 's3:*', 'aws:SecureTransport'],
  ['TLS older than 1.2', 's3:*', 's3:TlsVersion'],
  ['encryption with other keys', 's3:PutObject', 's3:x-amz-server-side-encryption-aws-kms-key-id'],
  ['encryption with keys of customers', 's3:PutObject', 's3:x-amz-server-side-encryption-customer-algorithm'],
  ['overwriting manifests', 's3:PutObject', 's3:if-none-match'],
  ['deleting objects', 's3:DeleteObject'],
  ['deleting versions', 's3:DeleteObjectVersion'],
];
/** Functions that a denial has to exempt. */
const EXEMPT = { 's3:DeleteObject': 'prune', 's3:DeleteObjectVersion': 'undelete' } as const;

/** The text of the policy, and the functions that it has to admit. */
export interface PolicyFacts {
  readonly policy: Thing<string>;
  readonly functions: readonly DeployedFunction[];
}

export const bucketPolicy = check(
  'bucket-policy',
  'the policy of the bucket protects the backups, and admits the functions that prune and undelete',
  async (deployment): Promise<PolicyFacts> => {
    const { aws, bucket } = deployment;
    const read = async () => (await aws.s3().send(new GetBucketPolicyCommand({ Bucket: bucket }))).Policy;
    const policy = await deployment.thing(bucket, 's3:GetBucketPolicy', read, 'NoSuchBucketPolicy');
    return { policy, functions: await deployment.functions() };
  },
  judgePolicy,
);

const ACTION =
  'deploy the stack of the bucket again; the policy of an imported bucket needs the statements of docs/doctor.md';

/** Each denial has to be there; those of deletes have to let the functions through. */
export function judgePolicy({ policy, functions }: PolicyFacts): Finding[] {
  const unknown = unanswered(functions.filter(({ kind }) => kind === 'prune' || kind === 'undelete'));
  const judged = judge(policy, (text, of) => {
    const statements =
      text === undefined ? [] : [(JSON.parse(text) as { Statement: Statement | Statement[] }).Statement].flat();
    const denials = statements.filter(({ Effect, Principal }) => Effect === 'Deny' && isEverybody(Principal));
    const missing = DENIALS.filter(([, action, key]) => !denials.some((one) => denies(one, action, key)));
    const shut = functions.filter(({ kind, fact }) => {
      const role = valueOf(fact)?.Configuration?.Role;
      return role !== undefined && denials.some((denial) => shutsOut(denial, kind, role));
    });
    const findings = [
      ...missing.map(([what]) => failed(of, `the policy does not deny ${what}`, ACTION)),
      ...shut.map(({ of: name, kind }) =>
        failed(of, `the policy does not admit the role of ${name}, which cannot ${kind}`, ACTION),
      ),
    ];
    return findings.length > 0 ? findings : ok(of, 'the policy has its denials');
  });
  return [...unknown.flatMap((one) => judge(one, () => [])), ...judged];
}

const isEverybody = (principal: unknown): boolean =>
  principal === '*' || [(principal as { AWS?: OneOrMore } | undefined)?.AWS].flat().includes('*');
const keysOf = ({ Condition = {} }: Statement): string[] =>
  Object.values(Condition).flatMap((keys) => Object.keys(keys));
const like = (pattern: string, text: string): boolean =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(text);
const names = (denial: Statement, action: string): boolean =>
  [denial.Action ?? []].flat().some((pattern) => like(pattern, action));

/** Without a key the condition may only exempt principals. */
function denies(denial: Statement, action: string, key: string | undefined): boolean {
  const keys = keysOf(denial);
  const fits = key === undefined ? keys.every((one) => one === 'aws:PrincipalArn') : keys.includes(key);
  return fits && names(denial, action);
}

function shutsOut(denial: Statement, kind: string, role: string): boolean {
  const action = Object.entries(EXEMPT).find(([, exempt]) => exempt === kind)?.[0];
  if (action === undefined || !denies(denial, action, undefined)) return false;
  const exempted = [denial.Condition?.ArnNotLike?.['aws:PrincipalArn'] ?? []].flat();
  return !exempted.some((pattern) => like(pattern, role));
}
