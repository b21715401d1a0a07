/** fast-check with a fixed seed, so that every run tests the same inputs. TEST_SEED chooses others. */
import fc from 'fast-check';

export const SEED = Number(process.env.TEST_SEED ?? 1);
fc.configureGlobal({ seed: SEED });

export { default as fc } from 'fast-check';
