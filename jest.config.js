'use strict';
const { availableParallelism } = require('node:os');

/** Packages (and what they import) that exist as ES modules only: jest runs CommonJS, so they are transformed too. */
const ES_MODULES = [
  '@noble/ciphers',
  '@noble/curves',
  '@noble/hashes',
  '@noble/post-quantum',
  '@scure/base',
  '@sec-ant/readable-stream',
  '@sindresorhus/merge-streams',
  'age-encryption',
  'execa',
  'figures',
  'get-port',
  'get-stream',
  'human-signals',
  'is-network-error',
  'is-plain-obj',
  'is-stream',
  'is-unicode-supported',
  'npm-run-path',
  'p-retry',
  'parse-ms',
  'path-key',
  'pretty-ms',
  'strip-final-newline',
  'unicorn-magic',
  'yoctocolors',
];

const common = {
  // Not what lies beside the sources: jest would look at each file of the Debian systems that the set-up made.
  roots: ['bench', 'bin', 'catalog', 'engines', 'examples', 'lambda', 'lib', 'task', 'test'].map(
    (name) => `<rootDir>/${name}`,
  ),
  globalSetup: '<rootDir>/test/global-setup.mjs',
  globalTeardown: '<rootDir>/test/global-teardown.mjs',
  testEnvironment: '<rootDir>/test/quiet-environment.cjs',
  transform: { '\\.[mc]?[jt]s$': ['@swc/jest', { jsc: { target: 'es2023' }, sourceMaps: 'inline' }] },
  transformIgnorePatterns: [`/node_modules/(?!(${ES_MODULES.join('|')})/)`],
  // The examples import the package as its users do.
  moduleNameMapper: { '^cdk-proven-backups$': '<rootDir>/lib' },
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/.*/cdk\\.out/'],
};
/** Beside the units, and none: they bundle and start programs, upload megabytes, or hold a whole template against CDK's rules. */
const NO_UNITS = [
  'bin/backups-file/app',
  'bin/cli/cli',
  'lib/cloudformation-rules',
  'task/dump/pipeline',
  'task/main',
  'task/restore/objects',
];
/** Minutes for what seldom changes: in a run with `--matrix` only. */
const PATIENT = process.env.TEST_MATRIX === undefined ? ['e2e/self-test', 'lint/checkov'] : [];
const noUnits = NO_UNITS.map((file) => `<rootDir>/test/${file}.test.ts`);
const group = (...folders) => folders.map((folder) => `<rootDir>/test/${folder}/**/*.test.ts`);

/** @type {import('jest').Config} */
module.exports = {
  // Every core, and more: each test has servers, ports and folders of its own, and many wait for a lock, a lease or a disk.
  maxWorkers: Math.ceil(availableParallelism() * 2),
  testSequencer: '<rootDir>/test/sequencer.cjs',
  reporters: ['<rootDir>/test/not-tested.cjs', 'default'],
  // On a busy machine, too: some tests start servers, bundle, or run the CDK in processes of their own.
  testTimeout: 120_000,
  projects: [
    {
      ...common,
      displayName: 'unit',
      setupFiles: ['<rootDir>/test/cheap-synthesis.cjs'],
      testMatch: group('lib', 'catalog', 'engines', 'task', 'bin', 'bench'),
      testPathIgnorePatterns: ['/node_modules/', ...NO_UNITS.map((file) => `/test/${file}\\.test\\.ts$`)],
    },
    {
      ...common,
      displayName: 'floor',
      moduleNameMapper: {
        ...common.moduleNameMapper,
        '^(aws-cdk-lib|constructs)(/.*)?$': '<rootDir>/test/floor/node_modules/$1$2',
      },
      testMatch: group('floor'),
    },
    {
      ...common,
      displayName: 'shapes',
      setupFiles: ['<rootDir>/test/cheap-synthesis.cjs'],
      testMatch: group('shapes'),
    },
    {
      ...common,
      displayName: 'integration',
      testPathIgnorePatterns: ['/node_modules/', ...PATIENT.map((file) => `/test/${file}\\.test\\.ts$`)],
      testMatch: [
        ...group(
          'cases',
          'compare',
          'e2e',
          'examples',
          'faults',
          'iam',
          'image',
          'lambda',
          'lint',
          'build',
          'docs',
          'prove',
          'mutations',
          'restore',
        ),
        ...noUnits,
      ],
    },
  ],
};
