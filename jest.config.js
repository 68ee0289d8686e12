/** All that runs with Node alone (and the Temporal dev server that setup finds or builds). */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test', '<rootDir>/packages'],
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/engines/'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2022' } }] },
  setupFiles: ['<rootDir>/test/support/properties.ts'],
  globalSetup: '<rootDir>/test/support/temporal-setup.ts',
  globalTeardown: '<rootDir>/test/support/temporal-teardown.ts',
  testTimeout: 60_000,
  maxWorkers: 2,
};
