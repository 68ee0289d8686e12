/**
 * The same behaviour on real OpenSearch and Elasticsearch. Two files at a time: one file runs five engines, the others
 * one, each with 1 GB of heap or less.
 */
module.exports = {
  ...require('./jest.config.js'),
  testPathIgnorePatterns: ['/node_modules/'],
  testMatch: ['<rootDir>/test/engines/**/*.test.ts'],
  testTimeout: 600_000,
};
