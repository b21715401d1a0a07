/** The examples in deploy/examples, as a browser runs them under the policy that every front end gets. */
import { examples } from '../deploy/examples/build.ts';
import { testExamples } from './support/example.ts';

await testExamples(
  'examples',
  examples.filter((name) => name !== 'angular'),
);
