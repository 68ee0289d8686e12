export { checkoutPath } from './checkout-path';
export { endWithUs } from './end-with-us';
export { exitWithStarter } from './exit-with-starter';
export { pickEnv, programEnv } from './program-env';
export { startReaper } from './start-reaper';
