/** What runs in this process alone, in seconds: nothing is started, and nothing has to be built. */
module.exports = {
  ...require('./jest.config.js'),
  roots: [
    'concurrency',
    'contracts',
    'documents',
    'elasticsearch',
    'jobs',
    'registrations',
    'repository',
    'restoring',
    'snapshotting',
    'activities',
  ].map((room) => `<rootDir>/test/${room}`),
  // A minute or so of random histories.
  testPathIgnorePatterns: ['/node_modules/', '/repository/(model|base-deleted|crash-everywhere)\\.test\\.ts$'],
  globalSetup: undefined,
  globalTeardown: undefined,
};
