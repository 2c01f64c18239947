import { App } from 'aws-cdk-lib';
import type { ImageStackProps } from './stack';
import { ImageStack } from './stack';

// A CDK app as the CLI runs it; the test says by the environment where its servers are.
new ImageStack(new App(), JSON.parse(process.env.IMAGE_STACK_PROPS ?? '{}') as ImageStackProps);
