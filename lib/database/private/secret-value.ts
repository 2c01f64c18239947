import { Stack } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';

/**
 * One value of a secret. CDK's own class also names the reader in the policy of the secret's key. For a role with inline
 * statements, that makes key, secret and role depend on each other in a circle.
 */
export class SecretValue extends ecs.Secret {
  public readonly arn: string;
  public readonly hasField = true;

  constructor(
    private readonly secret: secretsmanager.ISecret,
    field: string,
  ) {
    super();
    this.arn = `${secret.secretArn}:${field}::`;
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
