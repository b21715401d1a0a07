/** Writes `views/client.js`: `npm run client`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleClient } from './bundle.ts';

writeFileSync(join(import.meta.dirname, '../../views/client.js'), await bundleClient());
