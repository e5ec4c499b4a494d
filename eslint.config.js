import js from '@eslint/js';
import rxjsX from 'eslint-plugin-rxjs-x';
import ts from 'typescript-eslint';

export default ts.config(
  {
    ignores: [
      'dist',
      'coverage',
      'docs/api',
      'test/vectors',
      'src/kernels/assembly',
      '**/*.js',
      '**/*.mjs',
      '**/*.html',
    ],
  },
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  { languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } } },
  {
    plugins: { 'rxjs-x': rxjsX },
    rules: {
      'rxjs-x/no-nested-subscribe': 'error',
      'rxjs-x/no-unsafe-takeuntil': 'error',
      'rxjs-x/no-internal': 'error',
      '@typescript-eslint/restrict-template-expressions': 'off',
      'no-duplicate-imports': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
    },
  },
  {
    files: ['test/**', 'bench/**'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
