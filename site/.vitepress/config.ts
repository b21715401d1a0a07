/** The documentation site: pages, navigation, search. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { headingId } from '../heading-id.ts';
import { sidebarOf } from '../sidebar.ts';
import { REPOSITORY, stage } from '../stage.ts';

const list = readFileSync(join(REPOSITORY, 'docs/README.md'), 'utf8');
const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { version: string };

export default defineConfig({
  title: 'bff-gateway',
  description:
    'A backend for frontend: sign-in at any OpenID Connect provider, tokens on the server, one cookie in the browser.',
  lang: 'en',
  srcDir: stage(),
  cacheDir: 'node_modules/.cache',
  // The path below which the site is published.
  base: process.env.SITE_BASE ?? '/',
  cleanUrls: false,
  // Addresses in commands that a reader runs.
  ignoreDeadLinks: 'localhostLinks',
  markdown: {
    languageAlias: { caddyfile: 'nginx' },
    config: (md) => {
      // The pages are plain Markdown: what looks like a template of Vue is text.
      md.renderer.rules.text = (tokens, index) =>
        md.utils.escapeHtml(tokens[index]?.content ?? '').replaceAll('{{', '&#123;&#123;');
    },
    attrs: { disable: true },
    anchor: { slugify: headingId },
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: sidebarOf(list),
    nav: [
      { text: 'Get started', link: '/get-started' },
      { text: 'Configuration', link: '/configuration' },
      { text: version, link: '/changelog' },
    ],
    footer: { message: 'Apache-2.0' },
  },
});
