/** The scenarios in Firefox. */
import { startFirefox } from './firefox.ts';
import { defineScenarios } from './scenarios.ts';

defineScenarios('Firefox', startFirefox);
