/** Schema of `pages`: name, logo, colours, languages and templates of the gateway's own pages. */
import { z } from 'zod';
import { MESSAGE_KEYS } from '../../responses/messages/catalogs.ts';
import { HEX_COLOR } from '../fields/color.ts';

const color = () => z.string().regex(HEX_COLOR, 'expected a colour such as #1f5fd6');

const LANGUAGE = 'expected a language tag such as de, pt-BR or zh-Hant';
const languageTag = () => z.string().regex(/^[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|\d{3}))?$/, LANGUAGE);

const isTimeZone = (name: string) => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
};

const colors = z
  .strictObject({
    accent: color()
      .optional()
      .describe('Colour of the first action. Its text is black or white, whichever is read better.'),
    background: color()
      .optional()
      .describe('Colour behind the text. The text is dark or light, whichever is read better.'),
    dark: z
      .strictObject({
        accent: color()
          .optional()
          .describe(
            'Colour of the first action in dark mode. Default: accent, lightened until it is read on the dark background.',
          ),
        background: color().optional().describe('Colour behind the text in dark mode. Default: the built-in one.'),
      })
      .optional(),
  })
  .optional();

export const pages = z
  .strictObject({
    name: z.string().trim().min(1).max(80).optional().describe('Name of the product or company, shown on every page.'),
    logo: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Path of a PNG, JPEG, WebP or SVG file of at most 256 KB, shown in place of the name, which stays its text for screen readers.',
      ),
    colors,
    languages: z
      .array(languageTag())
      .min(1)
      .max(100)
      .optional()
      .describe(
        'Languages of the pages; the first is for browsers that accept none of them. Default: en, de, fr, es, then those of messages.',
      ),
    messages: z
      .record(languageTag(), z.partialRecord(z.enum(MESSAGE_KEYS), z.string().min(1).max(2_000)))
      .optional()
      .describe(
        'Own texts by language and key, for further languages or in place of built-in texts. What is missing is in the built-in language, otherwise in English.',
      ),
    timeZone: z
      .string()
      .refine(isTimeZone, 'expected an IANA time zone such as Europe/Berlin')
      .default('UTC')
      .describe('Zone of times on /sessions for browsers without JavaScript; others show the zone of the user.'),
    directory: z
      .string()
      .min(1)
      .optional()
      .describe('Folder of own templates, with the names of the built-in ones (docs/pages-design.md).'),
    errorUrl: z
      .string()
      .regex(/^(?:\/(?![/\\])|https?:\/\/)[^\s\\#]*$/, 'expected a path such as /error, or a URL')
      .optional()
      .describe(
        'Page of the application for errors, in place of the built-in one: a path, or a URL at a listed origin. It gets code and reference in its query.',
      ),
  })
  .prefault({});
