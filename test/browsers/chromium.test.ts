/** The scenarios in Chromium. */
import { startChromium } from './chromium.ts';
import { defineScenarios } from './scenarios.ts';

defineScenarios('Chromium', startChromium);
