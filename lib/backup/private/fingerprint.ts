import { createHash } from 'node:crypto';
import { attachCustomSynthesis, CfnResource, Lazy, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { FINGERPRINT } from '../../../catalog/contract/handlers';

/** Resources of the CDK itself: they tell which of its versions made the template. */
const METADATA = 'AWS::CDK::Metadata';

/**
 * Ends the logical ids of resources with a hash, so that CloudFormation replaces them whenever it changes: a hash of what
 * the stack's other resources are in its template.
 */
export class Fingerprint {
  private hash = '';

  /**
   * @param owner construct whose own resources do not count
   * @param more texts that count as well
   * @param ofStack whether the stack's resources count
   */
  constructor(
    private readonly owner: Construct,
    more: readonly string[],
    ofStack: boolean,
  ) {
    // Called just before the stack writes its template. Before that, names are asked for only in passing, and often.
    const onSynthesize = (): void => {
      // Resources that wait for the owner have its names in their own template.
      this.hash = '';
      const text = JSON.stringify([more, ofStack ? this.resources() : []]);
      this.hash = createHash('sha256').update(text).digest('hex').slice(0, FINGERPRINT);
    };
    attachCustomSynthesis(owner, { onSynthesize });
  }

  /** Gives a resource a logical id that begins with a name. */
  endName(resource: CfnResource, name: string): void {
    resource.overrideLogicalId(Lazy.uncachedString({ produce: () => `${name}${this.hash}` }));
  }

  private resources(): unknown[] {
    const stack = Stack.of(this.owner);
    const own = new Set(this.owner.node.findAll());
    const counted = stack.node
      .findAll()
      .filter(CfnResource.isCfnResource)
      .filter((one) => one.stack === stack && !own.has(one) && one.cfnResourceType !== METADATA);
    // Typed as internal, but it is how the stack itself writes its template.
    type Written = CfnResource & { _toCloudFormation(): object };
    return counted.map((one) => stack.resolve((one as Written)._toCloudFormation()) as unknown);
  }
}
