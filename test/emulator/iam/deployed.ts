import type { RecordedResource } from '../emulator';
import { ACCOUNT, REGION } from '../names';
import type { Policies, Policy } from './policy';
import { many } from './policy';

/** A policy of a deployed stack, and whose it is. */
export interface DeployedPolicy {
  readonly stack: string;
  /** Logical id of the role, or of the policy of a resource. */
  readonly owner: string;
  readonly kind: 'role' | 'trust' | 'resource';
  readonly document: Policy;
}

/** A deployed resource. */
export interface Deployed extends RecordedResource {
  readonly stack: string;
  readonly id: string;
}

export const arnOf = (service: string, resource: string): string =>
  `arn:aws:${service}:${['s3', 'iam'].includes(service) ? '' : REGION}:${service === 's3' ? '' : ACCOUNT}:${resource}`;

/** Added to a role, to see that what is denied stays denied however much another policy allows. */
export const ADMINISTRATOR: Policy = { Statement: { Effect: 'Allow', Action: '*', Resource: '*' } };
/** Ends the access key of a role with {@link ADMINISTRATOR}. */
export const AS_ADMINISTRATOR = '+administrator';

/** What CDK's own functions, such as those of custom resources, have beside their policies. */
const MANAGED: Readonly<Record<string, Policy>> = {
  'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole': {
    Statement: {
      Effect: 'Allow',
      Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: '*',
    },
  },
};

/** What a key has that somebody made in the console. */
const KEY_OF_ACCOUNT: Policy = {
  Statement: { Effect: 'Allow', Principal: { AWS: arnOf('iam', 'root') }, Action: 'kms:*', Resource: '*' },
};

type Properties = Readonly<Record<string, unknown>>;

/** The roles of deployed stacks, and the policies that are deployed for them and for resources. */
export class DeployedPolicies {
  readonly resources: readonly Deployed[];
  /** By ARN of the resource. */
  private readonly ofResources = new Map<string, DeployedPolicy[]>();
  /** By name of the role. */
  private readonly ofRoles = new Map<string, DeployedPolicy[]>();

  /**
   * @param recorded resources: by stack, by logical id
   * @param people policies of people who have no deployed role, by name
   */
  constructor(
    recorded: Readonly<Record<string, Readonly<Record<string, RecordedResource>>>>,
    private readonly people: ReadonlyMap<string, Policy>,
  ) {
    this.resources = Object.entries(recorded).flatMap(([stack, resources]) =>
      Object.entries(resources).map(([id, resource]) => ({ stack, id, ...resource })),
    );
    for (const resource of this.resources) this.read(resource);
  }

  /** Every policy of a stack. */
  of(stack: string): DeployedPolicy[] {
    const all = [...this.ofRoles.values(), ...this.ofResources.values()].flat();
    return [...new Set(all)].filter((policy) => policy.stack === stack);
  }

  find(type: string, matches: (resource: Deployed) => boolean): Deployed | undefined {
    return this.resources.find((resource) => resource.type === type && matches(resource));
  }

  /** ARN of a role by its name. */
  roleArn(name: string): string | undefined {
    const role = this.find('AWS::IAM::Role', ({ physicalId }) => physicalId === name);
    return role && arnOf('iam', `role${(role.properties.Path as string | undefined) ?? '/'}${name}`);
  }

  /** Key that a bucket encrypts with by default. */
  keyOfBucket(bucket: string): string | undefined {
    const found = this.find('AWS::S3::Bucket', ({ physicalId }) => physicalId === bucket)?.properties;
    const rules = (found?.BucketEncryption as Properties | undefined)?.ServerSideEncryptionConfiguration;
    const [rule] = (rules ?? []) as { ServerSideEncryptionByDefault: { KMSMasterKeyID?: string } }[];
    return rule?.ServerSideEncryptionByDefault.KMSMasterKeyID;
  }

  /**
   * Policies that count for an access.
   *
   * @param principal access key of a process, which is the name of its role or function; name of a service
   * @param resource ARN
   */
  for(principal: string, resource: string): Policies | undefined {
    const found = this.ofResources.get(ownerOf(resource))?.map(({ document }) => document);
    const policies = found ?? (resource.startsWith('arn:aws:kms:') ? [KEY_OF_ACCOUNT] : []);
    if (principal.endsWith('.amazonaws.com')) return { principal, identity: [], resource: policies };
    const person = this.people.get(principal);
    if (person) return { principal: arnOf('iam', `role/${principal}`), identity: [person], resource: policies };
    const name = this.roleName(principal.replace(AS_ADMINISTRATOR, ''));
    const role = this.find('AWS::IAM::Role', ({ physicalId }) => physicalId === name);
    if (!role || name === undefined) return undefined;
    const inline = (this.ofRoles.get(name) ?? []).map(({ document }) => document);
    const more = principal.endsWith(AS_ADMINISTRATOR) ? [ADMINISTRATOR] : [];
    const { ManagedPolicyArns, PermissionsBoundary } = role.properties;
    return {
      principal: this.roleArn(name)!,
      identity: [...inline, ...more, ...many(ManagedPolicyArns).map((arn) => this.managed(arn))],
      ...(PermissionsBoundary === undefined ? {} : { boundary: this.managed(String(PermissionsBoundary)) }),
      resource: policies,
    };
  }

  private roleName(key: string): string | undefined {
    const fn = this.find('AWS::Lambda::Function', ({ physicalId }) => physicalId === key);
    return fn ? String(fn.properties.Role).split('/').at(-1) : key;
  }

  private managed(arn: string): Policy {
    const found = this.find('AWS::IAM::ManagedPolicy', ({ physicalId }) => physicalId === arn);
    const document = (found?.properties.PolicyDocument as Policy | undefined) ?? MANAGED[arn];
    if (!document) throw new Error(`unknown managed policy: ${arn}`);
    return document;
  }

  private read({ stack, id: owner, type, physicalId, properties }: Deployed): void {
    const document = properties.PolicyDocument as Policy;
    const add = (map: Map<string, DeployedPolicy[]>, key: string, policy: Partial<DeployedPolicy>) => {
      const made = { stack, owner, kind: 'resource', document, ...policy } as const;
      map.set(key, [...(map.get(key) ?? []), made]);
    };
    const readers: Readonly<Record<string, () => void>> = {
      'AWS::IAM::Role': () => {
        const trust = properties.AssumeRolePolicyDocument as Policy;
        add(this.ofResources, arnOf('iam', `role${String(properties.Path ?? '/')}${physicalId}`), {
          kind: 'trust',
          document: trust,
        });
        for (const policy of (properties.Policies ?? []) as { PolicyDocument: Policy }[])
          add(this.ofRoles, physicalId, { kind: 'role', document: policy.PolicyDocument });
      },
      'AWS::IAM::Policy': () =>
        many(properties.Roles).forEach((role) => add(this.ofRoles, role, { kind: 'role', document })),
      'AWS::S3::BucketPolicy': () => add(this.ofResources, arnOf('s3', String(properties.Bucket)), {}),
      'AWS::KMS::Key': () =>
        add(this.ofResources, arnOf('kms', `key/${physicalId}`), { document: properties.KeyPolicy as Policy }),
      'AWS::Lambda::Permission': () =>
        add(this.ofResources, String(properties.FunctionName), { document: permission(properties) }),
      'AWS::SNS::TopicPolicy': () => many(properties.Topics).forEach((arn) => add(this.ofResources, arn, {})),
      'AWS::SQS::QueuePolicy': () =>
        many(properties.Queues).forEach((url) =>
          add(this.ofResources, arnOf('sqs', url.split('/').at(-1)!), { document }),
        ),
    };
    readers[type]?.();
  }
}

/** The statement that a permission adds to the policy of its function. */
const permission = ({ Principal, Action, SourceArn }: Properties): Policy => ({
  Statement: {
    Effect: 'Allow',
    Principal: { Service: String(Principal) },
    Action: String(Action),
    Resource: '*',
    ...(SourceArn === undefined ? {} : { Condition: { ArnLike: { 'aws:SourceArn': String(SourceArn) } } }),
  },
});

/** ARN of the resource whose policy counts: the bucket of an object. */
const ownerOf = (arn: string): string => (arn.startsWith('arn:aws:s3:') ? arn.split('/')[0]! : arn);
