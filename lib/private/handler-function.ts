import { Duration } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as logs from 'aws-cdk-lib/aws-logs';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { acknowledgeLogs } from './acknowledge';
import { bundleFolder } from './bundle-folder';
import { InlineRole } from './inline-role';
import { rolePath } from './names';

/** What a function of a handler is made of. */
export interface HandlerFunctionProps {
  /** Folder of the handler in `lambda/`. */
  readonly handler: string;
  /** What the function does: "Deletes old backups". */
  readonly description: string;
  readonly environment: Record<string, string>;
  readonly logGroup: logs.ILogGroup;
  /**
   * How long a run may take.
   *
   * @default - a quarter of an hour, the longest that Lambda knows
   */
  readonly timeout?: Duration;
  /** Whether something invokes it without waiting for its answer. Such an invocation that fails is not repeated. */
  readonly invokedAsynchronously?: boolean;
}

/** Older versions of aws-cdk-lib have no constant for it. */
const RUNTIME = new lambda.Runtime('nodejs24.x', lambda.RuntimeFamily.NODEJS);

/** A handler as a Lambda function, with a role of its own. */
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
      // As JSON, Lambda would wrap the lines of metrics, which CloudWatch would not know then.
      loggingFormat: lambda.LoggingFormat.TEXT,
      ...(props.invokedAsynchronously && { retryAttempts: 0 }),
    });
  }

  /** Allows somebody to invoke this function, and nothing else of it. */
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
