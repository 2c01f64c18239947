import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { ComplianceFinding } from './acknowledge';
import { acknowledgeCompliance, acknowledgeLogs } from './acknowledge';
import { bundleFolder } from './bundle-folder';
import { InlineRole } from './inline-role';
import { grantLogWriting } from './log-key';
import { rolePath } from './names';

/** Properties of the function of a handler. */
export interface HandlerFunctionProps {
  /** Folder of the handler in `lambda/`. */
  readonly handler: string;
  /** Description of the function: "Deletes old backups". */
  readonly description: string;
  readonly environment: Record<string, string>;
  readonly logGroup: logs.ILogGroup;
  /**
   * Timeout of a run.
   *
   * @default - 15 minutes, the maximum of Lambda
   */
  readonly timeout?: Duration;
  /** Whether it is invoked asynchronously. Failed asynchronous invocations are not retried. */
  readonly invokedAsynchronously?: boolean;
}

/** Older versions of aws-cdk-lib have no constant for it. */
const RUNTIME = new lambda.Runtime('nodejs24.x', lambda.RuntimeFamily.NODEJS);

const INTENDED: readonly ComplianceFinding[] = [
  {
    rule: 'LambdaConcurrency',
    checkov: 'CKV_AWS_115',
    reason: 'Few runs at a time: reserved concurrency would only take from that of the account.',
  },
  {
    rule: 'LambdaDLQ',
    checkov: 'CKV_AWS_116',
    reason:
      'Where alarms watch it, they get failed runs by a destination; messages that cannot be read stay in a queue.',
  },
  { rule: 'LambdaInsideVPC', checkov: 'CKV_AWS_117', reason: 'It calls AWS only, and connects to no database.' },
  { checkov: 'CKV_AWS_173', reason: 'The variables hold names and no secret. Lambda encrypts them with its own key.' },
];

/** A Lambda function of a handler, with its own role. */
export class HandlerFunction extends Construct {
  public readonly role: InlineRole;
  public readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: HandlerFunctionProps) {
    super(scope, id);
    const { description, environment, logGroup } = props;
    this.role = new InlineRole(this, 'Role', {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description,
      path: rolePath(this),
    });
    logGroup.grantWrite(this.role);
    grantLogWriting(this.role, logGroup);
    acknowledgeLogs(this.role, logGroup);
    this.function = new lambda.Function(this, 'Resource', {
      description,
      code: lambda.Code.fromAsset(bundleFolder(`lambda/${props.handler}`, 'index.js')),
      handler: 'index.handler',
      runtime: RUNTIME,
      memorySize: 512,
      timeout: props.timeout ?? Duration.minutes(15),
      role: this.role,
      environment,
      logGroup,
      // With JSON, Lambda would wrap the lines of metrics, and CloudWatch would not recognise them.
      loggingFormat: lambda.LoggingFormat.TEXT,
      ...(props.invokedAsynchronously && { retryAttempts: 0 }),
    });
    acknowledgeCompliance(this.function, INTENDED);
  }

  /** Grants permission to invoke this function, without its versions and aliases. */
  public grantInvoke(grantee: iam.IGrantable): iam.Grant {
    const { functionArn } = this.function;
    return iam.Grant.addToPrincipal({ grantee, actions: ['lambda:InvokeFunction'], resourceArns: [functionArn] });
  }
}

/** Sends a record of each failed run of a handler to a queue. The handler must be invoked asynchronously. */
export function sendFailuresTo(queue: sqs.IQueue, handler: lambda.Function): void {
  const config = handler.node.findChild('EventInvokeConfig').node.defaultChild as lambda.CfnEventInvokeConfig;
  config.destinationConfig = { onFailure: { destination: queue.queueArn } };
  const statement = new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [queue.queueArn] });
  handler.addToRolePolicy(statement);
}
