import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { MAX_RECIPIENTS, readRecipient } from '../../../catalog/age/recipients';
import { fault } from '../../private/fault';

/** Checked public keys to which backups are encrypted, without their comments. The program checks those that are tokens. */
export function recipientsOf(scope: IConstruct, encryptTo: readonly string[] | undefined): string[] | undefined {
  if (encryptTo === undefined) return undefined;
  if (encryptTo.length < 1 || encryptTo.length > MAX_RECIPIENTS) {
    fault(
      scope,
      `encryptTo must have 1 to ${MAX_RECIPIENTS} recipients, got: ${encryptTo.length}: leave it out to encrypt by the key of the bucket alone`,
    );
  }
  const texts = encryptTo.map((recipient, index) =>
    Token.isUnresolved(recipient) ? recipient : read(recipient, index),
  );
  const twice = texts.find((text, index) => texts.indexOf(text) < index);
  if (twice === undefined) return texts;
  fault(scope, `encryptTo must name each recipient once, got twice: ${twice}`);

  function read(recipient: string, index: number): string {
    try {
      return readRecipient(recipient).text;
    } catch (error) {
      fault(scope, `encryptTo[${index}] ${(error as Error).message}`);
    }
  }
}
