import { BackupClient } from '@aws-sdk/client-backup';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECSClient } from '@aws-sdk/client-ecs';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';

/** Settings of every client: who is throttled waits, and asks more slowly from then on. */
export const CLIENT_SETTINGS = { retryMode: 'adaptive', maxAttempts: 8 } as const;

/** Makes the S3 client. A custom endpoint (`AWS_ENDPOINT_URL`) is addressed by path, as S3-compatible servers expect. */
export function s3Client(): S3Client {
  const custom = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  return new S3Client({ ...CLIENT_SETTINGS, forcePathStyle: custom !== undefined });
}

/** Makes the client of Systems Manager. */
export const ssmClient = (): SSMClient => new SSMClient(CLIENT_SETTINGS);

/** Makes the client of AWS Backup. */
export const backupClient = (): BackupClient => new BackupClient(CLIENT_SETTINGS);

/** Makes the client of SNS. */
export const snsClient = (): SNSClient => new SNSClient(CLIENT_SETTINGS);

/** Makes the client of SQS. */
export const sqsClient = (): SQSClient => new SQSClient(CLIENT_SETTINGS);

/** Makes the client of CloudWatch. */
export const cloudWatchClient = (): CloudWatchClient => new CloudWatchClient(CLIENT_SETTINGS);

/** Makes the client of DynamoDB. */
export const dynamoClient = (): DynamoDBClient => new DynamoDBClient(CLIENT_SETTINGS);

/** Makes the client of CloudFormation. */
export const cloudFormationClient = (): CloudFormationClient => new CloudFormationClient(CLIENT_SETTINGS);

/** Makes the client of ECS. */
export const ecsClient = (): ECSClient => new ECSClient(CLIENT_SETTINGS);

/** Makes the client of CloudWatch Logs. */
export const logsClient = (): CloudWatchLogsClient => new CloudWatchLogsClient(CLIENT_SETTINGS);
