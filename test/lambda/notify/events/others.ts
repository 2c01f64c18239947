/** Dead letters, records of failed functions, events of snapshots, and calls that CloudTrail recorded. */
import { DEAD_LETTERS, eventOf, messageOf } from './message';

export const SCHEDULE_ARN = 'arn:aws:scheduler:eu-west-1:123456789012:schedule/acme/acme-shop-Schedule';

/** What EventBridge Scheduler puts into its dead-letter queue: the body is what it wanted to send. */
export const deadLetter = (attributes: Record<string, string | undefined> = {}, eventSourceARN = DEAD_LETTERS) => {
  const all = {
    ERROR_CODE: 'AccessDeniedException',
    ERROR_MESSAGE:
      'User: arn:aws:sts::123456789012:assumed-role/acme-Scheduler/5d2a is not authorized to perform: ecs:RunTask on resource: arn:aws:ecs:eu-west-1:123456789012:task-definition/acme-shop:7 because no identity-based policy allows the ecs:RunTask action',
    EXECUTION_ID: 'ad06616e51cdf74a',
    IS_PAYLOAD_TRUNCATED: 'false',
    RETRY_ATTEMPTS: '0',
    SCHEDULED_TIME: '2026-11-20T02:00:00Z',
    SCHEDULE_ARN,
    TARGET_ARN: 'arn:aws:ecs:eu-west-1:123456789012:cluster/acme-Cluster',
    ...attributes,
  };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  const messageAttributes = Object.fromEntries(
    given.map(([name, stringValue]) => [name, { stringValue, dataType: 'String', binaryListValues: [] }]),
  );
  const body = { containerOverrides: [{ name: 'backup', environment: [] }] };
  return messageOf(body, { eventSourceARN, messageAttributes });
};

/** The record of an invocation that Lambda sends to the destination of failures. */
export const failedFunction = (
  name: string,
  responsePayload: object | undefined,
  condition = 'RetriesExhausted',
  approximateInvokeCount = 3,
) => ({
  version: '1.0',
  timestamp: '2026-11-20T04:33:12.568Z',
  requestContext: {
    requestId: 'e4b46cbf-b738-4880-8a18-cdf61200e001',
    functionArn: `arn:aws:lambda:eu-west-1:123456789012:function:${name}:$LATEST`,
    condition,
    approximateInvokeCount,
  },
  requestPayload: {},
  ...(responsePayload && {
    responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
    responsePayload,
  }),
});

/** In examples of AWS, and at times in events, the Region stands where the account belongs. */
export const VOLUME = 'arn:aws:ec2::eu-west-1:volume/vol-01234567';
export const SNAPSHOT = 'arn:aws:ec2::eu-west-1:snapshot/snap-01234567';
const POLICY = 'arn:aws:dlm:eu-west-1:123456789012:policy/policy-0123456789abcdef';

export const policyEvent = (cause: string, state = 'ERROR') =>
  eventOf('aws.dlm', 'DLM Policy State Change', { state, cause, policy_id: POLICY }, [POLICY]);

export const scriptEvent = (detail: Record<string, unknown>) =>
  eventOf(
    'aws.dlm',
    'DLM Pre Post Script Notification',
    {
      script_stage: 'PRE',
      result: 'success',
      cause: '',
      policy_id: POLICY,
      execution_handler: 'arn:aws:ssm:eu-west-1:123456789012:document/freeze',
      source: 'arn:aws:ec2:eu-west-1:123456789012:instance/i-01234567890abcdef',
      resource_type: 'EBS_SNAPSHOT',
      resources: [{ status: 'pending', resource_id: SNAPSHOT, source: VOLUME }],
      request_id: 'a1b2c3d4-a1b2-a1b2-a1b2-a1b2c3d4e5f6',
      start_time: '2026-11-20T02:03:29.370Z',
      end_time: '2026-11-20T02:04:51.370Z',
      timeout_time: '',
      ...detail,
    },
    [POLICY],
  );

export const snapshotEvent = (detail: Record<string, unknown>) =>
  eventOf(
    'aws.ec2',
    'EBS Snapshot Notification',
    {
      event: 'createSnapshot',
      result: 'failed',
      cause: '',
      'request-id': '',
      snapshot_id: SNAPSHOT,
      source: VOLUME,
      startTime: 'Fri Nov 20 02:05:55 UTC 2026',
      endTime: 'Fri Nov 20 02:10:20 UTC 2026',
      ...detail,
    },
    [SNAPSHOT],
  );

/** Snapshots of all volumes of an instance, with what became of each. */
export const snapshotSetEvent = (result: string, statuses: readonly string[], cause = '') =>
  eventOf('aws.ec2', 'EBS Multi-Volume Snapshots Completion Status', {
    event: 'createSnapshots',
    result,
    cause,
    'request-id': '',
    startTime: '2026-11-20T02:05:55Z',
    endTime: '2026-11-20T02:10:20Z',
    snapshots: statuses.map((status, index) => ({
      snapshot_id: `arn:aws:ec2::eu-west-1:snapshot/snap-0${index}`,
      source: `arn:aws:ec2::eu-west-1:volume/vol-0${index}`,
      status,
    })),
  });

const call = (eventSource: string, eventName: string, detail: Record<string, unknown>) =>
  eventOf(`aws.${eventSource.split('.')[0]}`, 'AWS API Call via CloudTrail', {
    eventVersion: '1.09',
    eventTime: '2026-11-20T02:00:29Z',
    awsRegion: 'eu-west-1',
    eventSource,
    eventName,
    readOnly: false,
    eventType: 'AwsApiCall',
    recipientAccountId: '123456789012',
    ...detail,
  });

/** ECS was asked for a task, and answered. */
export const runTask = (failures: readonly object[], taskDefinition = 'acme-shop:7', changes: object = {}) =>
  call('ecs.amazonaws.com', 'RunTask', {
    userIdentity: { type: 'AssumedRole', invokedBy: 'scheduler.amazonaws.com' },
    sourceIPAddress: 'scheduler.amazonaws.com',
    userAgent: 'scheduler.amazonaws.com',
    requestParameters: { cluster: 'acme-Cluster', count: 1, launchType: 'FARGATE', taskDefinition },
    responseElements: { tasks: [], failures },
    ...changes,
  });

/** Somebody tried to delete. */
export const deleteCall = (eventName: string, requestParameters: object, changes: object = {}) =>
  call('s3.amazonaws.com', eventName, {
    userIdentity: {
      type: 'AssumedRole',
      arn: 'arn:aws:sts::123456789012:assumed-role/developer/mallory',
      sessionContext: { sessionIssuer: { type: 'Role', arn: 'arn:aws:iam::123456789012:role/developer' } },
    },
    errorCode: 'AccessDenied',
    errorMessage: 'Access Denied',
    sourceIPAddress: '198.51.100.77',
    requestParameters,
    responseElements: null,
    eventCategory: 'Data',
    managementEvent: false,
    ...changes,
  });
