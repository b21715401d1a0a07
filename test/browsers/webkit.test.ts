/** The scenarios in WebKit. */

import { defineScenarios } from './scenarios.ts';
import { startWebKit } from './webkit.ts';

defineScenarios('WebKit', startWebKit);
