import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { fault, requireRange, requireValue } from '../../private/fault';
import { isStandIn } from '../../private/lookup';

/** Tags by key. */
export type TagMap = Readonly<Record<string, string>>;

/** A tag in CloudFormation's form. */
export interface DlmTag {
  readonly key: string;
  readonly value: string;
}

/** Refuses a number that is a token, or outside its bounds. */
export function requireNumber(
  scope: IConstruct,
  what: string,
  value: number,
  range: { readonly from: number; readonly to: number; readonly unit?: string },
): void {
  requireValue(scope, what, value);
  requireRange(scope, what, value, range);
}

/** Refuses a list that is too short or too long. */
export function requireCount(
  scope: IConstruct,
  what: string,
  list: readonly unknown[],
  from: number,
  to: number,
): void {
  if (list.length >= from && list.length <= to) return;
  fault(scope, `${what} must be ${from} to ${to}, got: ${list.length}: Data Lifecycle Manager takes no other number`);
}

/** Refuses a list with duplicates. */
export function requireDistinct(scope: IConstruct, what: string, list: readonly string[]): void {
  const twice = list.find((item, index) => list.indexOf(item) !== index);
  if (twice !== undefined) fault(scope, `${what} must differ, got: "${twice}" twice`);
}

/** Refuses a description or a name that DLM would refuse. */
export function requireText(scope: IConstruct, what: string, text: string, max: number): void {
  requireValue(scope, what, text);
  if (isStandIn(text) || (/^[0-9A-Za-z _-]+$/.test(text) && text.length <= max)) return;
  fault(
    scope,
    `${what} must be 1 to ${max} letters of A to Z, digits, spaces, hyphens and underscores, got: ${JSON.stringify(text)}: leave out the others`,
  );
}

/** Replaces the characters that {@link requireText} refuses. */
export const asDlmText = (text: string, max: number): string => text.replace(/[^0-9A-Za-z_-]+/g, ' ').slice(0, max);

/** Checks tags, and returns them in CloudFormation's form. */
export function dlmTags(scope: IConstruct, what: string, tags: TagMap, from: number, to: number): DlmTag[] {
  const list = Object.entries(tags).map(([key, value]) => ({ key, value }));
  requireCount(scope, what, list, from, to);
  for (const { key, value } of list) {
    requireValue(scope, `keys of ${what}`, key);
    if (key.length < 1 || key.length > 128 || key.startsWith('aws:')) {
      fault(scope, `keys of ${what} must be 1 to 128 characters that do not begin with aws:, got: "${key}"`);
    }
    if (!Token.isUnresolved(value) && value.length > 256) {
      fault(scope, `values of ${what} must be at most 256 characters, got: ${value.length} for "${key}"`);
    }
  }
  return list;
}
