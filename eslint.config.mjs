import js from '@eslint/js';
import { createTypeScriptImportResolver } from 'eslint-import-resolver-typescript';
import importX from 'eslint-plugin-import-x';
import jsdoc from 'eslint-plugin-jsdoc';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const only = (...folders) => ['./node_modules', './package.json', ...folders];

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
      './catalog/alarms.ts',
      './catalog/contract.ts',
      './catalog/names.ts',
      './catalog/engines.ts',
      './catalog/schedule-times.ts',
      './catalog/handlers.ts',
      './catalog/retention-policy.ts',
      './catalog/simulate.ts',
    ),
    message:
      'lib points at bundles; of catalog it may import only alarms, contract, handlers, names, engines, retention-policy, schedule-times and simulate.',
  },
  ...['./lambda', './task'].map((target) => ({
    target,
    from: './',
    except: only(target, './catalog'),
    message: `${target.slice(2)} may import only itself and catalog.`,
  })),
  {
    target: './bin',
    from: './',
    except: only('./bin', './catalog', './lib'),
    message: 'bin may import only itself, catalog and lib.',
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
      'import-x/no-cycle': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
    },
  },
  {
    files: ['lib/**/*.ts'],
    rules: {
      // What the library needs at run time, its consumer has: aws-cdk-lib and constructs.
      'import-x/no-extraneous-dependencies': ['error', { devDependencies: false, optionalDependencies: false }],
    },
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/private/**'],
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
