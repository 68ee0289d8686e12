import fc from 'fast-check';

/**
 * Ms after which a property ends: shrinking a large counterexample took 18 minutes once. What failed by then is told.
 */
const LONGEST = 300_000;

fc.configureGlobal({ interruptAfterTimeLimit: LONGEST, markInterruptAsFailure: true });
