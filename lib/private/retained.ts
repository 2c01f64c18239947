import { RemovalPolicy } from 'aws-cdk-lib';

/**
 * Removal policy of what outlives its stack. A deployment that fails deletes what it has just created: else every try would
 * leave an empty bucket, a key and a log group behind.
 */
export const RETAINED = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE;
