/**
 * The same behaviour on real OpenSearch and Elasticsearch. Two files at a time: a file runs three engines at most, each
 * with 1 GB of heap or less.
 */
module.exports = {
  ...require('./jest.config.js'),
  testPathIgnorePatterns: ['/node_modules/'],
  testMatch: ['<rootDir>/test/engines/**/*.test.ts'],
  testTimeout: 600_000,
};
