/** The rules of the house. Formatting is prettier's; these are about what goes wrong at run time, and about layers. */
import jsdoc from 'eslint-plugin-jsdoc';
import importSort from 'eslint-plugin-simple-import-sort';
import tseslint from 'typescript-eslint';
import { importDirection } from './scripts/lint/import-direction.mjs';

const FOLDERS = ['src', 'workflows', 'activities', 'packages', 'bench', 'scripts', 'test'];

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', '.snapkeep/', 'test/replay/histories/'] },
  {
    files: FOLDERS.map((folder) => `${folder}/**/*.ts`),
    extends: [tseslint.configs.recommended],
    plugins: { snapkeep: { rules: { 'import-direction': importDirection } }, 'import-sort': importSort },
    languageOptions: {
      parserOptions: { project: './test/tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      'snapkeep/import-direction': 'error',
      // A promise nobody waits for is an error nobody sees.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      // What was caught, and a signal's reason, may be thrown on.
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': [
        'error',
        { allowThrowingAny: true, allowThrowingUnknown: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // Node's own, packages, and ours from the furthest room to the nearest, without blank lines between.
      'import-sort/imports': ['error', { groups: [['^node:', '^@?\\w', '^\\.\\.', '^\\.']] }],
      // Iterators of a class need it: a generator can't be an arrow function.
      '@typescript-eslint/no-this-alias': 'off',
      // `== null` means null or undefined, which protobuf fields are either of.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-len': ['error', { code: 1000, comments: 120, ignoreUrls: true }],
      'no-cond-assign': 'error',
      'no-console': 'error',
      'no-control-regex': 'error',
      'no-fallthrough': 'error',
      'no-loss-of-precision': 'error',
      'no-self-assign': 'error',
      'no-self-compare': 'error',
      'no-unsafe-finally': 'error',
      'no-unsafe-optional-chaining': 'error',
      'no-useless-catch': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'use a union of strings: it is what is stored and sent' },
      ],
    },
  },
  {
    files: ['src/**/*.ts', 'workflows/**/*.ts', 'activities/**/*.ts', 'packages/*/src/**/*.ts'],
    plugins: { jsdoc },
    // What others may call says what it promises.
    rules: {
      'jsdoc/require-jsdoc': [
        'error',
        { publicOnly: true, enableFixer: false, require: { ClassDeclaration: true, FunctionDeclaration: true } },
      ],
    },
  },
  {
    files: ['src/cli/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts', 'test/**/*.ts', 'packages/*/test/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
);
