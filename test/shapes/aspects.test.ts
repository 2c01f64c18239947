import * as fs from 'node:fs';
import * as path from 'node:path';
import { Stage, TagManager, Tags } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { everything } from '../lib/everything';
import { ours } from '../lib/ours';
import type { Json } from '../lib/support';
import { oneStack, SHAPES } from './apps';
import { appWith, resourcesOf, templates } from './support';

const BOUNDARY = 'arn:aws:iam::111122223333:policy/boundary';
const QUALIFIER = '@aws-cdk/core:bootstrapQualifier';
/** The qualifier of who gives none. */
const USUAL = 'hnb659fds';

const boundariesIn = (all: Record<string, Json>): unknown[] =>
  resourcesOf(all)
    .filter(([, , { Type }]) => Type === 'AWS::IAM::Role')
    .map(([, , { Properties }]) => Properties.PermissionsBoundary);

test.each(Object.entries(SHAPES))('%s: a permissions boundary reaches every role', (_, shape) => {
  const app = appWith();
  shape(app);
  const policy = iam.ManagedPolicy.fromManagedPolicyArn(app, 'Boundary', BOUNDARY);
  // The CDK applies aspects up to the next stage.
  for (const stage of app.node.findAll().filter((child) => Stage.isStage(child))) {
    iam.PermissionsBoundary.of(stage).apply(policy);
  }
  const boundaries = boundariesIn(templates(app));
  expect(boundaries.length).toBeGreaterThan(5);
  expect(new Set(boundaries)).toEqual(new Set([BOUNDARY]));
});

test('so does one of the whole app, with the qualifier of the team', () => {
  const name = 'cdk-${Qualifier}-boundary';
  const app = appWith({ '@aws-cdk/core:permissionsBoundary': { name }, [QUALIFIER]: 'backups' });
  oneStack(app);
  for (const boundary of boundariesIn(templates(app))) {
    expect(JSON.stringify(boundary)).toContain(':policy/cdk-backups-boundary');
  }
});

test('tags reach everything that can carry them', () => {
  const setup = everything();
  Tags.of(setup.app).add('team', 'books');
  const { Resources } = setup.template().toJSON();
  const taggable = ours(setup.app).filter(
    (resource) => TagManager.isTaggable(resource) || TagManager.isTaggableV2(resource),
  );
  expect(taggable.length).toBeGreaterThan(40);
  const untagged = taggable
    .map((resource): string => setup.stack.resolve(resource.logicalId))
    .filter((id) => !/"team"[^}]*"books"/.test(JSON.stringify(Resources[id].Properties)));
  expect(untagged).toEqual([]);
});

test.each(Object.entries(SHAPES))('%s: assets go where the qualifier of the team says', (_, shape) => {
  const app = appWith({ [QUALIFIER]: 'backups' });
  shape(app);
  app.synth();
  const files = fs.readdirSync(app.outdir, { recursive: true, encoding: 'utf8' });
  const texts = files
    .filter((file) => /\.(template|assets)\.json$/.test(file))
    .map((file) => fs.readFileSync(path.join(app.outdir, file), 'utf8'));
  expect(texts.filter((text) => text.includes(USUAL))).toEqual([]);
  expect(texts.join('')).toContain('cdk-backups-assets-');
});
