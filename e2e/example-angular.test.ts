/** The Angular example compiles its templates in the browser, which needs its own policy. */
import { ANGULAR_POLICY } from '../deploy/examples/build.ts';
import { testExamples } from './support/example.ts';

await testExamples('example-angular', ['angular'], ANGULAR_POLICY);
