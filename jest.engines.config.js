/** The same behaviour on real OpenSearch and Elasticsearch; one engine at a time, they are large. */
module.exports = {
  ...require('./jest.config.js'),
  testPathIgnorePatterns: ['/node_modules/'],
  testMatch: ['<rootDir>/test/engines/**/*.test.ts'],
  testTimeout: 600_000,
  maxWorkers: 1,
};
