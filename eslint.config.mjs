import { globSync } from 'node:fs';
import js from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import jsdoc from 'eslint-plugin-jsdoc';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const only = (...folders) => ['./node_modules', './package.json', ...folders];

/** The part of an engine that is pure: what it is, and what to do when it fails. */
const ENGINE_FACTS = [
  './engines/facts.ts',
  './engines/advice.ts',
  './engines/dump-arguments.ts',
  './engines/engine-advice.ts',
  './engines/engine-facts.ts',
  ...globSync('./engines/*/{facts,advice}.ts').map((file) => `./${file}`),
];

/** Who may import whom: the dependency rule of the architecture. */
const zones = [
  {
    target: './catalog',
    from: './',
    except: only('./catalog'),
    message: 'catalog depends on nothing of ours.',
  },
  {
    target: './lib',
    from: './',
    except: only(
      './lib',
      ...ENGINE_FACTS,
      './catalog/age/recipients.ts',
      './catalog/contract/alarms.ts',
      './catalog/contract/directory.ts',
      './catalog/contract/fargate.ts',
      './catalog/contract/handlers.ts',
      './catalog/contract/instance.ts',
      './catalog/contract/restore-tests.ts',
      './catalog/contract/task.ts',
      './catalog/bucket/names.ts',
      './catalog/retention/retention-policy.ts',
      './catalog/retention/schedule-times.ts',
      './catalog/retention/simulate.ts',
    ),
    message:
      'lib points at bundles; of catalog it may import only age/recipients, contract/alarms, contract/directory, contract/fargate, contract/handlers, contract/instance, contract/restore-tests, contract/task, bucket/names, retention/retention-policy, retention/schedule-times and retention/simulate; of engines only facts and advice.',
  },
  {
    target: './lambda',
    from: './',
    except: only('./lambda', './catalog', ...ENGINE_FACTS),
    message: 'lambda may import only itself, catalog, and the facts and advice of engines.',
  },
  {
    target: './engines',
    from: './',
    except: only('./engines', './catalog', './task'),
    message: 'engines may import only itself, catalog and task.',
  },
  {
    target: './task',
    from: './',
    except: only('./task', './catalog', './engines'),
    message: 'task may import only itself, catalog and engines.',
  },
  {
    target: './bin',
    from: './',
    except: only('./bin', './catalog', './lib', ...ENGINE_FACTS),
    message: 'bin may import only itself, catalog, lib, and the facts and advice of engines.',
  },
  // Two products.
  {
    target: './bin/cli',
    from: './bin/backups-file',
    message: 'bin/cli and bin/backups-file share only the files of bin itself.',
  },
  {
    target: './bin/backups-file',
    from: './bin/cli',
    message: 'bin/cli and bin/backups-file share only the files of bin itself.',
  },
];

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', '**/cdk.out/', '.venv/', '.tools/'] },
  js.configs.recommended,
  tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createTypeScriptImportResolver()] },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
    },
  },
  {
    // What they load late, an import would load at once. Its type is the module's.
    files: ['engines/programs.ts', 'task/main.ts', 'bin/cli/program.ts'],
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
  {
    files: ['lib/**/*.ts'],
    rules: {
      // At run time the library has only what its consumer has: aws-cdk-lib and constructs.
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: false, optionalDependencies: false }],
    },
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/**/private/**'],
    plugins: { jsdoc },
    settings: { jsdoc: { mode: 'typescript', ignoreInternal: true, tagNamePreference: { default: 'default' } } },
    rules: {
      'jsdoc/require-jsdoc': [
        'error',
        {
          publicOnly: true,
          checkConstructors: false,
          require: { ClassDeclaration: true, MethodDefinition: true, FunctionDeclaration: true },
          contexts: [
            'TSInterfaceDeclaration',
            'TSEnumDeclaration',
            // Bound… are internal: what a choice becomes when a construct takes it.
            'TSInterfaceDeclaration:not([id.name=/^Bound/]) > TSInterfaceBody > :matches(TSPropertySignature, TSMethodSignature)',
            'PropertyDefinition:not([accessibility="private"])',
          ],
        },
      ],
      'jsdoc/require-description': 'error',
      'jsdoc/check-param-names': 'error',
      'jsdoc/check-tag-names': 'error',
      'jsdoc/empty-tags': 'error',
    },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: globals.node },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
