/** Checks of `pages`: files that exist, languages that have texts, and an error page at an origin of the application. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { CATALOGS, type MessageKey, placeholdersOf } from '../../responses/messages/catalogs.ts';
import { readLogo } from '../fields/logo.ts';
import { ownEndpoints } from '../schema/endpoints.ts';
import type { Config } from '../schema/schema.ts';
import type { Finding } from './faults.ts';

function fileFindings({ logo, directory }: Config['pages']): Finding[] {
  const read = logo === undefined ? undefined : readLogo(logo);
  const isFolder = directory === undefined || statSync(directory, { throwIfNoEntry: false })?.isDirectory() === true;
  return [
    ...(typeof read === 'string'
      ? [
          {
            path: ['pages', 'logo'],
            message: `${resolve(logo ?? '')} ${read}`,
            hint: 'write the path of an image file',
          },
        ]
      : []),
    ...(isFolder
      ? []
      : [
          {
            path: ['pages', 'directory'],
            message: `${resolve(directory ?? '')} is not a folder; write the path of a folder of templates`,
          },
        ]),
  ];
}

/** A language of the list without texts, and a text that leaves out or adds a value in braces. */
function languageFindings({ languages = [], messages = {} }: Config['pages']): Finding[] {
  const { en } = CATALOGS;
  const unknown = languages.flatMap((tag, index) =>
    Object.hasOwn(CATALOGS, tag) || Object.hasOwn(messages, tag)
      ? []
      : [{ path: ['pages', 'languages', index], message: `${tag} has no texts; add them to pages.messages` }],
  );
  const texts = Object.entries(messages).flatMap(([tag, own]) =>
    (Object.entries(own) as [MessageKey, string][]).flatMap(([key, text]) => {
      const expected = placeholdersOf(en?.[key] ?? '');
      if (placeholdersOf(text).join() === expected.join()) return [];
      const names = expected.map((name) => `{${name}}`).join(' and ');
      return [
        {
          path: ['pages', 'messages', tag, key],
          message:
            names === ''
              ? 'has a value in braces; this text has none'
              : `write ${names} once in this text, and no other value in braces`,
        },
      ];
    }),
  );
  return [...unknown, ...texts];
}

function errorUrlFindings(config: Config): Finding[] {
  const { pages, publicUrl, origins, cors } = config;
  const { errorUrl } = pages;
  if (errorUrl === undefined) return [];
  const path = ['pages', 'errorUrl'];
  if (!URL.canParse(errorUrl, publicUrl)) return [{ path, message: 'is no URL; write a path such as /error' }];
  const { origin, pathname } = new URL(errorUrl, publicUrl);
  if (![publicUrl, ...origins, ...cors.allowedOrigins].includes(origin))
    return [{ path, message: `${origin} is not a listed origin; add it to cors.allowedOrigins, or write a path` }];
  return origin === publicUrl && ownEndpoints(config).isOwn(pathname)
    ? [{ path, message: `${pathname} is an endpoint of the gateway; name a page of the application` }]
    : [];
}

/** Findings about the gateway's own pages. */
export const pagesFindings = (config: Config): Finding[] => [
  ...fileFindings(config.pages),
  ...languageFindings(config.pages),
  ...errorUrlFindings(config),
];
