/** Writes what is printed now into `wrong-configurations.txt`: read every changed line before it is committed. */
import { writeFileSync } from 'node:fs';
import { CASES_FILE, renderCases } from './cases.ts';

writeFileSync(CASES_FILE, renderCases());
