/** Names with a content hash, as bundlers write them, and names that only look alike. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasContentHash } from '../../src/frontend/content-hash.ts';

const HASHED = {
  Vite: 'index-DiwrgTda.css index-DiwrgTda.js shared-ChJ_j-JJ.css foo-BRBmoGS9.js bar-gkvgaI9m.js foo-5UjPuW-k.css logo-B2H3sXNv.svg index-BRBmoGS9.js.map',
  webpack: 'main.8e0d62a03b3e5b8c7a1e.js main.a1b2c3d4.js 787.4b1b9b1a.chunk.js main.a1b2c3d4.js.map logo.4b1b9b1a.svg',
  'esbuild and Angular': 'main-QOTLYXNB.js chunk-5INURTSO.js polyfills-FFHMD2TL.js styles.5f1e8c0d7e3a1b2c.css',
  'Next.js and Nuxt': '0a1b2c3d4e5f6a7b.js BRBmoGS9.js entry.B2H3sXNv.css',
};
const PLAIN = {
  words:
    'app-settings.json firebase-messaging-sw.js my-component.js third-party-notices.txt es-module-shims.js react.production.min.js service-worker.js',
  'camel case': 'MyComponent-StoryBook.js user-HomePage.js logo-DarkMode.svg my-MyConfig.js app-AppStyle.css',
  capitals: 'app-SETTINGS.js docs-TEMPLATE.js LICENSE-APACHE20.txt Roboto-SemiBold.woff2 logo-BANNER23.png',
  'numbers and dates':
    'report-20240115.pdf release-20240115a.js icon-1024x1024.png app-Version2.js photo-iPhone15.png jquery-3.7.1.min.js facade42.js',
  'pages and data': 'index-B2H3sXNv.html messages-B2H3sXNv.json manifest.webmanifest',
};

test('W02 the file names of bundlers hold a content hash', () => {
  for (const [bundler, names] of Object.entries(HASHED))
    for (const name of names.split(' ')) assert.equal(hasContentHash(name), true, `${bundler}: ${name}`);
});

test('W02 words, versions, sizes and dates in a file name are no content hash', () => {
  for (const [kind, names] of Object.entries(PLAIN))
    for (const name of names.split(' ')) assert.equal(hasContentHash(name), false, `${kind}: ${name}`);
});
