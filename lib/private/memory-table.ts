import { RemovalPolicy } from 'aws-cdk-lib';
import * as dynamodb from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { ALARM_TABLE } from '../../catalog/contract/alarms';
import { acknowledge, acknowledgeCompliance } from './acknowledge';

/**
 * A table in which functions remember.
 *
 * @param reason why nothing is lost if it is
 */
export function memoryTable(scope: Construct, reason: string): dynamodb.Table {
  const table = new dynamodb.Table(scope, 'Memory', {
    partitionKey: { name: ALARM_TABLE.key, type: dynamodb.AttributeType.STRING },
    timeToLiveAttribute: ALARM_TABLE.expires,
    billingMode: dynamodb.BillingMode.PAY_PER_REQUEST,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  acknowledge(table, 'AwsSolutions-DDB3', reason);
  acknowledgeCompliance(table, [
    { rule: 'DynamoDBInBackupPlan', reason },
    { rule: 'DynamoDBPITREnabled', checkov: 'CKV_AWS_28', reason },
    { checkov: 'CKV_AWS_119', reason: 'It holds names and times, no data. DynamoDB encrypts it with its own key.' },
  ]);
  return table;
}
