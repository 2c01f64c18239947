import type { Access, Policies, Policy, Statement } from '../emulator/iam/policy';
import { isAllowed } from '../emulator/iam/policy';

/** Examples of AWS's user guide: https://docs.aws.amazon.com/IAM/latest/UserGuide/ and the name of a page. */

const ROLE = 'arn:aws:iam::111122223333:role/carlossalazar';
const ACCOUNT = { AWS: 'arn:aws:iam::111122223333:root' };
const LOGS = 'arn:aws:s3:::carlossalazar-logs';

const allow = (Action: string, Resource: string | undefined = '*', more: Partial<Statement> = {}): Statement => ({
  ...{ Effect: 'Allow', Action, Resource },
  ...more,
});
const deny = (Action: string, Resource = '*', more: Partial<Statement> = {}): Statement => ({
  ...allow(Action, Resource, more),
  Effect: 'Deny',
});
const policy = (...Statement: Statement[]): Policy => ({ Statement });
const access = (action: string, resource = '*', context: Access['context'] = {}): Access => ({
  action,
  resource,
  context,
});
const decide = (one: Access, policies: Partial<Policies>): boolean =>
  isAllowed(one, { principal: ROLE, identity: [], resource: [], ...policies });

describe('which policies decide (reference_policies_evaluation-logic)', () => {
  const get = access('s3:GetObject', `${LOGS}/a`);
  const all = policy(allow('*'));

  test('nothing allows: denied', () => expect(decide(get, {})).toBe(false));
  test('the role allows', () => expect(decide(get, { identity: [policy(allow('s3:*'))] })).toBe(true));
  test('an explicit denial wins, wherever it is', () => {
    const no = policy(deny('s3:Get*', `${LOGS}/*`));
    expect(decide(get, { identity: [all, no] })).toBe(false);
    expect(decide(get, { identity: [all], resource: [policy(deny('s3:*', `${LOGS}/*`, { Principal: '*' }))] })).toBe(
      false,
    );
    expect(decide(get, { identity: [all], boundary: policy(allow('*'), deny('s3:*')) })).toBe(false);
  });
  test('in the same account the policy of the resource is enough', () =>
    expect(decide(get, { resource: [policy(allow('s3:*', `${LOGS}/*`, { Principal: { AWS: ROLE } }))] })).toBe(true));
  test('but not when it only admits the account', () =>
    expect(decide(get, { resource: [policy(allow('s3:*', `${LOGS}/*`, { Principal: ACCOUNT }))] })).toBe(false));
  test('a boundary allows nothing by itself, and limits what is allowed (access_policies_boundaries)', () => {
    const boundary = policy(allow('s3:*'), allow('cloudwatch:*'), allow('ec2:*'));
    expect(decide(get, { boundary })).toBe(false);
    expect(decide(get, { identity: [all], boundary })).toBe(true);
    expect(decide(access('iam:CreateUser'), { identity: [policy(allow('iam:CreateUser'))], boundary })).toBe(false);
    const named = policy(allow('sqs:*', '*', { Principal: { AWS: ROLE } }));
    expect(decide(access('sqs:SendMessage'), { resource: [named], boundary })).toBe(false);
  });
  test('a key counts the policies of roles only if it admits the account (kms/latest/developerguide/key-policy-default)', () => {
    const key = access('kms:Decrypt', 'arn:aws:kms:us-west-2:111122223333:key/1');
    const identity = [policy(allow('kms:Decrypt'))];
    expect(decide(key, { identity })).toBe(false);
    expect(decide(key, { resource: [policy(allow('kms:*', '*', { Principal: ACCOUNT }))] })).toBe(false);
    expect(decide(key, { identity, resource: [policy(allow('kms:*', '*', { Principal: ACCOUNT }))] })).toBe(true);
    expect(decide(key, { resource: [policy(allow('kms:*', '*', { Principal: { AWS: ROLE } }))] })).toBe(true);
  });
  test('a service has what a resource gives it', () => {
    const principal = 'events.amazonaws.com';
    const send = access('sqs:SendMessage');
    const to = (Service: string) => ({
      principal,
      resource: [policy(allow('sqs:SendMessage', '*', { Principal: { Service } }))],
    });
    expect(decide(send, to(principal))).toBe(true);
    expect(decide(send, to('sns.amazonaws.com'))).toBe(false);
  });
});

describe('actions and resources', () => {
  const is = (statement: Statement, action: string, resource = '*'): boolean =>
    decide(access(action, resource), { identity: [policy(statement)] });

  test.each([
    ['iam:*AccessKey*', 'iam:DeleteAccessKey', true],
    ['IAM:listaccesskeys', 'iam:ListAccessKeys', true],
    ['iam:ListAccessKey', 'iam:ListAccessKeys', false],
    ['s3:Get?bject', 's3:GetObject', true],
    ['s3:GetObject', 's3:GetObjectVersion', false],
  ])('%s has %s: %s (reference_policies_elements_action)', (pattern, action, expected) =>
    expect(is(allow(pattern), action)).toBe(expected),
  );
  test('NotAction: everything but IAM (reference_policies_elements_notaction)', () => {
    const statement: Statement = { Effect: 'Allow', NotAction: 'iam:*', Resource: '*' };
    expect(is(statement, 's3:GetObject')).toBe(true);
    expect(is(statement, 'iam:CreateUser')).toBe(false);
  });
  test('NotResource: everything but the folder (reference_policies_elements_notresource)', () => {
    const statement: Statement = { Effect: 'Deny', Action: 's3:*', NotResource: 'arn:aws:s3:::HRBucket/Payroll/*' };
    const of = (resource: string) =>
      decide(access('s3:GetObject', resource), { identity: [policy(allow('*'), statement)] });
    expect(of('arn:aws:s3:::HRBucket/Payroll/a')).toBe(true);
    expect(of('arn:aws:s3:::HRBucket/a')).toBe(false);
  });
  test.each([
    ['arn:aws:s3:::*/test/*', 'arn:aws:s3:::amzn/1/2/test/3/object.jpg', true],
    ['arn:aws:s3:::amzn/*/test/*', 'arn:aws:s3:::amzn/test/object.jpg', false],
    ['arn:aws:s3:::amzn/???/test/*', 'arn:aws:s3:::amzn/abc/test/object.jpg', true],
    ['arn:aws:sqs:us-east-2:*:queue', 'arn:aws:sqs:us-east-2:1:queue', true],
    ['arn:aws:s3:::amzn', '*', false],
  ])('%s is %s: %s (reference_policies_elements_resource)', (pattern, arn, expected) =>
    expect(is(allow('s3:*', pattern), 's3:GetObject', arn)).toBe(expected),
  );
});

describe('conditions (reference_policies_elements_condition_operators)', () => {
  const TAGS = { 'aws:TagKeys': ['environment', 'CostCenter'] };
  test.each<[string, Statement['Condition'], Access['context'], boolean]>([
    [
      'both keys',
      { StringEquals: { 'aws:PrincipalTag/job': 'iamuser-admin', b: '1' } },
      { 'aws:PrincipalTag/job': 'iamuser-admin' },
      false,
    ],
    ['one of the values', { StringEquals: { b: ['1', '2'] } }, { b: '2' }, true],
    ['names of keys in any case', { StringEquals: { 'AWS:SourceIp': '1' } }, { 'aws:sourceip': '1' }, true],
    ['values in their case', { StringEquals: { a: 'Audit' } }, { a: 'audit' }, false],
    ['or in any', { StringEqualsIgnoreCase: { a: 'Audit' } }, { a: 'audit' }, true],
    [
      'StringLike',
      { StringLike: { 's3:prefix': ['', 'home/', 'home/${aws:username}/*'] } },
      { 's3:prefix': 'home/david/x', 'aws:username': 'david' },
      true,
    ],
    [
      'StringLike of another',
      { StringLike: { 's3:prefix': 'home/${aws:username}/*' } },
      { 's3:prefix': 'home/anna/x', 'aws:username': 'david' },
      false,
    ],
    ['a variable without a value', { StringLike: { 's3:prefix': '${aws:username}*' } }, { 's3:prefix': '' }, false],
    ['a literal asterisk', { StringLike: { a: 'x${*}' } }, { a: 'xy' }, false],
    ['a key that is missing', { StringEquals: { a: '1' } }, {}, false],
    ['a key that is missing, negated', { StringNotEquals: { a: '1' } }, {}, true],
    ['none of the values', { StringNotEquals: { a: ['1', '2'] } }, { a: '2' }, false],
    ['IfExists, missing', { StringLikeIfExists: { 'ec2:InstanceType': ['t1.*', 'm3.*'] } }, {}, true],
    [
      'IfExists, wrong',
      { StringLikeIfExists: { 'ec2:InstanceType': ['t1.*', 'm3.*'] } },
      { 'ec2:InstanceType': 'c5.x' },
      false,
    ],
    ['Null: the key must not be there', { Null: { 'aws:TokenIssueTime': 'true' } }, {}, true],
    ['Null: it is there', { Null: { 'aws:TokenIssueTime': 'true' } }, { 'aws:TokenIssueTime': '1' }, false],
    ['Null: it must be there', { Null: { 'aws:TokenIssueTime': 'false' } }, { 'aws:TokenIssueTime': '1' }, true],
    ['Bool', { Bool: { 'aws:SecureTransport': 'true' } }, { 'aws:SecureTransport': 'true' }, true],
    ['Bool, missing', { Bool: { 'aws:SecureTransport': 'false' } }, {}, false],
    ['numbers', { NumericLessThanEquals: { 's3:max-keys': '10' } }, { 's3:max-keys': '9' }, true],
    ['numbers, too large', { NumericLessThan: { 's3:TlsVersion': 1.2 } }, { 's3:TlsVersion': '1.3' }, false],
    [
      'ArnLike',
      { ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:123456789012:*' } },
      { 'aws:SourceArn': 'arn:aws:sns:r:123456789012:t' },
      true,
    ],
    [
      'ArnLike does not span parts',
      { ArnLike: { 'aws:SourceArn': 'arn:aws:sns:*:t' } },
      { 'aws:SourceArn': 'arn:aws:sns:r:123456789012:t' },
      false,
    ],
    [
      'ArnEquals is ArnLike',
      { ArnEquals: { 'aws:SourceArn': 'arn:aws:sns:r:1:t*' } },
      { 'aws:SourceArn': 'arn:aws:sns:r:1:topic' },
      true,
    ],
    [
      'ArnNotLike',
      { ArnNotLike: { 'aws:PrincipalArn': ['arn:aws:iam::1:role/a'] } },
      { 'aws:PrincipalArn': 'arn:aws:iam::1:role/a' },
      false,
    ],
    [
      'ForAllValues',
      { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['environment', 'CostCenter', 'x'] } },
      TAGS,
      true,
    ],
    ['ForAllValues, one too many', { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'environment' } }, TAGS, false],
    ['ForAllValues, missing', { 'ForAllValues:StringEquals': { 'aws:TagKeys': 'environment' } }, {}, true],
    ['ForAnyValue', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'environment' } }, TAGS, true],
    ['ForAnyValue, missing', { 'ForAnyValue:StringEquals': { 'aws:TagKeys': 'environment' } }, {}, false],
  ])('%s', (_, Condition, context, expected) => {
    expect(decide(access('s3:GetObject', '*', context), { identity: [policy(allow('*', '*', { Condition }))] })).toBe(
      expected,
    );
  });

  test.each([
    [
      { Condition: { DateGreaterThan: { 'aws:CurrentTime': '2026-01-01T00:00:00Z' } } },
      'unknown operator of a condition: DateGreaterThan',
    ],
    [{ Principal: { Federated: 'x' } }, 'unknown principals: {"Federated":"x"}'],
  ])('what is not known here fails: %j', (more, sentence) => {
    const resource = [policy(allow('*', '*', { Principal: '*', ...more } as Partial<Statement>))];
    expect(() => decide(access('s3:GetObject'), { resource })).toThrow(sentence);
  });
});
