/** Names with a content hash, as bundlers write them, and names that only look alike. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { hasContentHash } from '../../src/frontend/content-hash.ts';

const HASHED = {
  Vite: 'assets/index-DiwrgTda.css assets/index-DiwrgTda.js assets/shared-ChJ_j-JJ.css assets/foo-BRBmoGS9.js assets/bar-gkvgaI9m.js shop/assets/foo-5UjPuW-k.css assets/logo-B2H3sXNv.svg assets/index-BRBmoGS9.js.map',
  'Rollup without a folder': 'index-B2H3sXNv.js logo-B2H3sXNv.svg',
  webpack:
    'main.8e0d62a03b3e5b8c7a1e.js main.a1b2c3d4.js 787.4b1b9b1a.chunk.js main.a1b2c3d4.js.map logo.4b1b9b1a.svg static/js/main.073c9b0a.js static/js/787.f28e3c12.chunk.js static/media/logo.6ce24c58023cc2f8fd88fe9d219db6c6.svg data.8e0d62a03b3e5b8c7a1e.json',
  'esbuild and Angular': 'main-QOTLYXNB.js chunk-5INURTSO.js polyfills-FFHMD2TL.js styles.5f1e8c0d7e3a1b2c.css',
  'Next.js, Nuxt, SvelteKit and Astro':
    '_next/static/chunks/0a1b2c3d4e5f6a7b.js _nuxt/BRBmoGS9.js _nuxt/entry.B2H3sXNv.css _app/immutable/entry/start.DiwrgTda.js _astro/page.DiwrgTda.css',
};
const PLAIN = {
  words:
    'app-settings.json firebase-messaging-sw.js my-component.js third-party-notices.txt es-module-shims.js react.production.min.js service-worker.js',
  'camel case': 'MyComponent-StoryBook.js user-HomePage.js logo-DarkMode.svg my-MyConfig.js app-AppStyle.css',
  'acronyms and names of people':
    'theme-McDonald.css app-DBConfig.js DBConfig.js lib-HTMLView.js worker-PDFParse.js vendor-JSONEdit.js three-GLTFLoad.js view-SVGIcons.js PWAStart.js GTMLoads.js AWSConfig.json my-iOSStyle.css data-MacGuyer.js',
  'versions and locales':
    'sw-V2Update.js locale-en_US_v2.js my-x86Linux.wasm i18n-zh-Hant2.js lib-B2BOrder.js lib-B2CLogin.js',
  capitals:
    'app-SETTINGS.js docs-TEMPLATE.js LICENSE-APACHE20.txt Roboto-SemiBold.woff2 logo-BANNER23.png chunk-SETTINGS.js main-BANNER23.js lib-X264X265.js',
  photos: 'DSC23456.jpg PXL23456.jpg IMG2O234.jpg photo-IMG23456.jpg',
  'numbers and dates':
    'report-20240115.pdf release-20240115a.js icon-1024x1024.png app-Version2.js photo-iPhone15.png jquery-3.7.1.min.js facade42.js',
  'IDs of objects': '550e8400-e29b-41d4-a716-4466554a4b0c.png avatar_550e8400-e29b-41d4-a716-4466554a4b0c.png',
  'pages and data': 'index-B2H3sXNv.html messages-B2H3sXNv.json manifest.webmanifest doc-3e8f2a1c.pdf',
};
/** Could be a hash of 8 characters, which counts in the folders of bundlers only. */
const DOUBTFUL = {
  'hexadecimal digits':
    'data-0badc0de.json commit-1234567a.json release-1e10f00d.js app.c0ffee42.json env-cafe2024.js f0000001.js report-2024a115.js app.c0ffee42.js',
  'mixed letters': 'index-DiwrgTda.js my-assets/index-DiwrgTda.js lib-K8sProbe.js Mp3ToMp4.js',
};

test('W02 the file names of bundlers hold a content hash', () => {
  for (const [bundler, names] of Object.entries(HASHED))
    for (const name of names.split(' ')) assert.equal(hasContentHash(name), true, `${bundler}: ${name}`);
});

test('W02 words, acronyms, versions, sizes, dates and IDs in a file name are no content hash, in any folder', () => {
  for (const [kind, names] of Object.entries(PLAIN))
    for (const name of names.split(' '))
      for (const folder of ['', 'assets/', 'static/js/', '_nuxt/'])
        assert.equal(hasContentHash(folder + name), false, `${kind}: ${folder}${name}`);
});

test('W02 a name that is possibly a content hash is none outside the folders of bundlers', () => {
  for (const [kind, names] of Object.entries(DOUBTFUL))
    for (const name of names.split(' ')) assert.equal(hasContentHash(name), false, `${kind}: ${name}`);
});

/** Names that people give to files which they put beside those of a bundler. */
const WRITTEN = {
  assets:
    'I18nText.js OAuth2Cb.js Mp3Codec.js web-I18nText.js web-A11yMenu.js env-K8sProd1.js worker-SHA256Fn.js locale-ptBR2024.js img-4K60fpsX.mp4 lib-WebGL2Ex.js icons-Win11Std.svg tile-X12Y34Z5.png page-CtrlMenu.js ui-BtnStyle.css view-Landmark.js lib-OAuth2Cb.js mp-Mp3Codec.js k8sConfg.js',
  '': 'main-2FALOGIN.js styles-RTLSTYLE.css scripts-3DVIEWER.js styles-2COLUMNS.css main-MYLIBRAR.js styles-HIGHCONT.css main-ENGLISHX.js main-LOGINBTN.js main-WIN32API.js',
};
/** IDs of objects, which uploads and exports have as names. */
const IDS =
  'photos/65a1f0c2b3d4e5f60718293a.jpg photo.65a1f0c2b3d4e5f60718293a.jpg avatars/0cc175b9c0f1b6a831c399e269772661.png user-1a2b3c4d5e6f7a8b.jpg ord-8f14e45fceea167a.js v/2f8a9c1e4b.js products/9f8e7d6c5b.webp';

test('W02 names of words, abbreviations and numbers beside the files of a bundler are no content hash', () => {
  for (const [folder, names] of Object.entries(WRITTEN))
    for (const name of names.split(' ')) {
      assert.equal(hasContentHash(name), false, name);
      assert.equal(hasContentHash(`${folder || 'assets'}/${name}`), false, name);
    }
});

test('W02 the ID of an object is no content hash outside the folders of bundlers', () => {
  for (const name of IDS.split(' ')) assert.equal(hasContentHash(name), false, name);
});

test('W02 a hash without a name counts only where nothing but the output of a bundler is, or with the length of webpack', () => {
  for (const name of ['BRBmoGS9.js', '0a1b2c3d4e5f6a7b.js']) {
    for (const folder of ['_nuxt/', '_astro/', '_app/immutable/chunks/', '_next/static/chunks/'])
      assert.equal(hasContentHash(folder + name), true, folder + name);
    for (const folder of ['', 'assets/', 'static/js/'])
      assert.equal(hasContentHash(folder + name), false, folder + name);
  }
  for (const folder of ['', 'assets/', 'images/'])
    assert.equal(hasContentHash(`${folder}8e0d62a03b3e5b8c7a1e.png`), true, folder);
});

test('W02 further names of bundlers in their folders hold a content hash', () => {
  for (const name of [
    'assets/index-BkX3f9aZ.css',
    'assets/main.1a2b3c4d5e6f7a8b9c0d.js',
    'main.1a2b3c4d5e6f7a8b9c0d.js',
    'main-ABCDEF2G.js',
    'assets/main-ABCDEF2G.js',
    '_next/static/chunks/1234-0123456789abcdef.js',
    'assets/vendor-CkPdQYnZ.css',
    'assets/font-BaQpC7zS.woff2',
    '_app/immutable/chunks/entry.Cq0PbZ1x.js',
    'static/js/main.8f9e0d1c.js',
    '_expo/static/js/web/entry-0cc175b9c0f1b6a831c399e269772661.js',
  ])
    assert.equal(hasContentHash(name), true, name);
});

test('W02 most random hashes do not read as a name', () => {
  const digests = Array.from({ length: 2000 }, (_, index) => createHash('sha256').update(String(index)).digest());
  const base32 = (digest: Buffer) =>
    [...digest.subarray(0, 8)].map((byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte % 32]).join('');
  const counted = (names: string[]) => names.filter(hasContentHash).length / names.length;
  assert.ok(counted(digests.map((digest) => `assets/index-${digest.toString('base64url', 0, 6)}.js`)) > 0.8);
  assert.ok(counted(digests.map((digest) => `chunk-${base32(digest)}.js`)) > 0.7);
  assert.ok(counted(digests.map((digest) => `main.${digest.toString('hex', 0, 10)}.js`)) > 0.99);
});
