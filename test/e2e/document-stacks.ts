import * as fs from 'node:fs';
import * as path from 'node:path';
import type { App } from 'aws-cdk-lib';
import { CfnOutput, SecretValue, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Backups } from '../../lib';
import type { Emulator, Outputs } from '../emulator/emulator';
import { ACCOUNT, REGION } from '../emulator/emulator';
import { loadExample } from '../support/examples';

/** What the team of a document has already. */
export interface Team {
  /** Folder of the example. */
  readonly document: string;
  /** Name of the role of the instance with the database. */
  readonly role: string;
  /** Names of the roles of people and pipelines that the stack names. */
  readonly people?: readonly string[];
  /** Name of the secret, and the user in it. */
  readonly secret: string;
  readonly username: string;
  readonly password: string;
  /** Name of the secret of restores in AWS, and the user in it, whose password is the same. */
  readonly restore?: { readonly secret: string; readonly username: string };
  /** What its example says, and what it says in the place of that: public keys. */
  readonly replaced?: Replaced;
}

/** Texts of examples, and what they become. */
type Replaced = readonly (readonly [from: string, to: string])[];

/** Where an example says that it is deployed. */
const ELSEWHERE: Replaced = [
  ['111122223333', ACCOUNT],
  ['eu-west-1', REGION],
];

/**
 * Deploys the stacks of examples as they are, to the emulated account: with what their teams have, and a queue that reads along.
 *
 * @returns outputs, as an `AlarmedScene` reads them, and names of schedules and documents as `Schedule-<source>` and `Document-<source>`
 */
export async function deployDocuments(emulator: Emulator, teams: readonly Team[]): Promise<Outputs> {
  const assembly = path.join(emulator.directory, 'documents');
  const replaced = [...ELSEWHERE, ...teams.flatMap((team) => team.replaced ?? [])];
  merge(teams.map(appOf), assembly, replaced);
  // The images exist already.
  return emulator.deploy(assembly, [], { CDK_DOCKER: 'true' });
}

function appOf({ document, role, people = [], password, restore, ...backup }: Team): App {
  const app = loadExample(`documents/${document}`);
  const stack = app.node.children.find((child) => child instanceof Stack)!;
  const backups = stack.node.findChild('Backups') as Backups;
  const roleOf = (roleName: string, assumedBy: iam.IPrincipal) =>
    new iam.Role(stack, `RoleOfTeam-${roleName}`, { roleName, assumedBy });
  backups.node.addDependency(roleOf(role, new iam.ServicePrincipal('ec2.amazonaws.com')));
  for (const name of people)
    stack.node.findChild(name).node.addDependency(roleOf(name, new iam.AccountRootPrincipal()));
  for (const { secret, username } of [backup, ...(restore ? [restore] : [])]) {
    const values = { username, password };
    new secretsmanager.Secret(stack, `SecretOfTeam-${username}`, {
      secretName: secret,
      secretObjectValue: Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, SecretValue.unsafePlainText(value)]),
      ),
    });
  }
  const reader = new sqs.Queue(stack, 'Reader');
  backups.alarms.topic.addSubscription(new SqsSubscription(reader));
  const names = backups.databases.flatMap(({ sourceName, schedule, documentName }) => [
    [`Schedule-${sourceName}`, schedule.scheduleName],
    [`Document-${sourceName}`, documentName],
  ]) as [string, string | undefined][];
  const outputs = {
    ...{ Bucket: backups.bucket.bucketName, LogGroup: backups.logGroup.logGroupName },
    ...{ Group: backups.scheduleGroup.scheduleGroupName, Cluster: backups.cluster.clusterArn },
    ...{ Reader: reader.queueUrl, Events: backups.alarms.eventQueue.queueUrl },
    Measuring: backups.alarms.schedule.scheduleName,
    StartTests: backups.restoreTesting.startFunction.functionName,
    ...Object.fromEntries(names),
  };
  for (const [name, value] of Object.entries(outputs))
    if (value !== undefined) new CfnOutput(stack, `${name}Output`, { value, key: name.replaceAll('-', '') });
  return app;
}

/** One cloud assembly of several, with other texts. */
function merge(apps: readonly App[], folder: string, replaced: Replaced): void {
  const manifests = apps.map((app) => {
    const { directory } = app.synth();
    fs.cpSync(directory, folder, { recursive: true });
    return JSON.parse(fs.readFileSync(path.join(directory, 'manifest.json'), 'utf8')) as { artifacts: object };
  });
  const artifacts = Object.assign({}, ...manifests.map((manifest) => manifest.artifacts)) as object;
  fs.writeFileSync(path.join(folder, 'manifest.json'), JSON.stringify({ ...manifests[0], artifacts }));
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const file = path.join(folder, name);
    const text = replaced.reduce((all, [from, to]) => all.replaceAll(from, to), fs.readFileSync(file, 'utf8'));
    fs.writeFileSync(file, text);
  }
}
