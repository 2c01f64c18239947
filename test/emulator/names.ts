/** The emulator's account: what an account id becomes that no access key names. */
export const ACCOUNT = '000000000000';
export const REGION = 'us-east-1';

/** A resource of a deployed stack, with the properties that CloudFormation resolved. */
export interface RecordedResource {
  readonly type: string;
  readonly physicalId: string;
  readonly properties: Record<string, unknown>;
}
