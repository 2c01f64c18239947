import { Stack } from 'aws-cdk-lib';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { everything } from './everything';

// The other tests of the library do without: they look at single properties, and it takes its time.
process.env.CDK_VALIDATION = 'true';

beforeEach(() => void jest.spyOn(console, 'error').mockImplementation());
afterEach(() => jest.restoreAllMocks());

test("CDK's own rules for templates find nothing in what the constructs make", () => {
  expect(() => everything().template()).not.toThrow();
});

test('they are run: a template that breaks one is refused', () => {
  const setup = everything();
  new s3.CfnBucket(new Stack(setup.app, 'Wrong'), 'Bucket').addPropertyOverride('BucketNaem', 'backups');
  expect(() => setup.app.synth()).toThrow(/[Vv]alidation/);
});
