import { Annotations, Stack, Token } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { IConstruct } from 'constructs';
import { fault } from '../../private/fault';

/**
 * Refuses a secret that AWS would not find. An ARN ends in a hyphen and six random characters; one without them is looked up
 * by its name, unless the name itself ends like that: then AWS takes the ARN for a complete one.
 * https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
 */
export function requireFindable(
  scope: IConstruct,
  { secretFullArn, secretArn }: secretsmanager.ISecret,
  what = 'secret',
): void {
  const [, name, end] = /:secret:(.*-([A-Za-z0-9]{6}))$/.exec(secretFullArn ?? secretArn) ?? [];
  if (name === undefined || end === undefined) return;
  const mend = `give the ARN that "aws secretsmanager describe-secret --secret-id ${name}" shows, with Secret.fromSecretCompleteArn or, in backups.yaml, as secret`;
  if (secretFullArn === undefined) {
    fault(
      scope,
      `${what} must be given by its complete ARN where its name ends in a hyphen and six characters, got: ${name}: AWS takes "-${end}" for the end of an ARN; ${mend}`,
    );
  }
  // AWS takes letters of both cases and digits: of 200 ends one looks like a word.
  if (!/^[a-z]+$/.test(end)) return;
  Annotations.of(scope).addWarningV2(
    'proven-backups:secretArnWithoutEnd',
    `the ARN of secret ${name} seems to lack the hyphen and six characters at its end, without which no run starts: if this is the whole name of the secret, ${mend}`,
  );
}

/** The text of a secret with private keys; nothing if none is given. */
export function identityOf(
  scope: IConstruct,
  what: string,
  secret: secretsmanager.ISecret | undefined,
): SecretValue | undefined {
  if (!secret) return undefined;
  requireFindable(scope, secret, what);
  return new SecretValue(secret);
}

/**
 * Refuses keys of the JSON in a secret that ECS could not read.
 *
 * @param named keys by the properties that they come from
 * @param of what the properties are of, with a dot: `restore.`
 */
export function requireKeys(scope: IConstruct, named: Readonly<Record<string, string | undefined>>, of = ''): void {
  const what = Object.keys(named)
    .map((name) => `${of}${name}`)
    .join(' and ');
  const keys = Object.values(named);
  if (keys.includes('')) fault(scope, `${what} must be keys of the JSON in the secret, got: an empty text`);
  const colon = keys.find((key) => !Token.isUnresolved(key) && key?.includes(':'));
  if (colon === undefined) return;
  fault(scope, `${what} must be without a colon, which ends a key for ECS, got: "${colon}": rename it`);
}

/**
 * One value of a secret, or all of its text. CDK's own class also names the reader in the policy of the secret's key. For a role
 * with inline statements, that makes key, secret and role depend on each other in a circle.
 */
export class SecretValue extends ecs.Secret {
  public readonly arn: string;
  public readonly hasField: boolean;

  constructor(
    public readonly secret: secretsmanager.ISecret,
    public readonly field?: string,
  ) {
    super();
    this.hasField = field !== undefined;
    this.arn = field === undefined ? secret.secretArn : `${secret.secretArn}:${field}::`;
  }

  public grantRead(grantee: iam.IGrantable): iam.Grant {
    const { secretFullArn, secretArn, encryptionKey } = this.secret;
    const grant = iam.Grant.addToPrincipal({
      grantee,
      actions: ['secretsmanager:GetSecretValue'],
      resourceArns: [secretFullArn ?? `${secretArn}-??????`],
    });
    if (encryptionKey === undefined) return grant;
    const { region, urlSuffix } = Stack.of(this.secret);
    const viaService = { StringEquals: { 'kms:ViaService': `secretsmanager.${region}.${urlSuffix}` } };
    const key = { grantee, actions: ['kms:Decrypt'], resourceArns: [encryptionKey.keyArn], conditions: viaService };
    return grant.combine(iam.Grant.addToPrincipal(key));
  }
}
