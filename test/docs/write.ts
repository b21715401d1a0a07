/** Writes the generated pages of `docs/` (`npm run docs`). */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderDocs } from './render.ts';

for (const [name, text] of Object.entries(renderDocs())) {
  writeFileSync(join(import.meta.dirname, '../../docs', name), text);
}
