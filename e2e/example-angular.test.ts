/** The Angular example: it compiles its templates in the browser, which needs a policy of its own. */
import { ANGULAR_POLICY } from '../deploy/examples/build.ts';
import { testExamples } from './support/example.ts';

await testExamples('example-angular', ['angular'], ANGULAR_POLICY);
