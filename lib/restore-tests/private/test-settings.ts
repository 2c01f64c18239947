import { Lazy, Stack } from 'aws-cdk-lib';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { RestoreTestPlan, RestoreTestSettings, TestedSource } from '../../../catalog/contract/restore-tests';
import { RESTORE_TESTS_FORMAT } from '../../../catalog/contract/restore-tests';
import { fault } from '../../private/fault';
import { assumedLength, indexOf, PARAMETER_LENGTH } from '../../private/parameter-text';

type Shared = 'formatVersion' | 'families' | 'plans' | 'sources';
/** What all sources share. */
export type FixedTestSettings = Omit<RestoreTestSettings, Shared>;

/** A source before its family and its plan are shared by number. */
export interface WrittenTest {
  readonly name: string;
  readonly family: string;
  readonly plan: RestoreTestPlan;
  readonly role: string;
}

/** The settings of the sources of one construct, in as few parameters as possible: one holds about 60 sources. */
export class TestSettings {
  private readonly families: string[] = [];
  private readonly plans: RestoreTestPlan[] = [];
  private readonly parts: Record<string, TestedSource>[] = [];

  /**
   * @param path of the parameters
   * @param fixed asked for once there is a source
   */
  constructor(
    private readonly scope: Construct,
    private readonly path: string,
    private readonly fixed: () => FixedTestSettings,
  ) {}

  add({ name, family, plan, role }: WrittenTest): void {
    const [ofFamily, ofPlan] = [indexOf(this.families, family), indexOf(this.plans, plan)];
    const source: TestedSource = {
      ...(ofFamily > 0 && { family: ofFamily }),
      ...(ofPlan > 0 && { plan: ofPlan }),
      role,
    };
    const fits = (part: object) =>
      assumedLength(this.contentOf({ ...part, [name]: source })) <= PARAMETER_LENGTH - ROOM;
    const part = this.parts.find(fits) ?? this.addPart();
    part[name] = source;
    const longest = Math.max(...this.parts.map((one) => assumedLength(this.contentOf(one))));
    if (longest <= PARAMETER_LENGTH) return;
    fault(
      this.scope,
      `images and plans of the restore tests must fit into a parameter of Systems Manager of ${PARAMETER_LENGTH} characters, got: ${longest} with ${this.families.length} images and ${this.plans.length} plans: let databases share them, or use another RestoreTesting or Backups`,
    );
  }

  private addPart(): Record<string, TestedSource> {
    const part: Record<string, TestedSource> = {};
    const number = this.parts.push(part);
    new ssm.StringParameter(this.scope, `Settings${number === 1 ? '' : number}`, {
      parameterName: `${this.path}${number}`,
      simpleName: false,
      description: 'Which backups are tested, and when',
      tier: ssm.ParameterTier.INTELLIGENT_TIERING,
      stringValue: Lazy.string({ produce: () => Stack.of(this.scope).toJsonString(this.contentOf(part)) }),
    });
    return part;
  }

  private contentOf(sources: RestoreTestSettings['sources']): RestoreTestSettings {
    const { families, plans } = this;
    return { formatVersion: RESTORE_TESTS_FORMAT, ...this.fixed(), families, plans, sources };
  }
}

/** For families and plans of sources that are added later. */
const ROOM = 1000;
