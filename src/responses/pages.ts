/** Pages of the gateway: templates rendered with escaped data in the language of the user, and the policy of each page. */

import { messageOf } from '../base/errors.ts';
import { createChooseLanguage, type OwnMessages } from './languages.ts';
import { type PageData, type PageName, SAMPLES } from './page-data.ts';
import { createPagePolicy } from './page-policy.ts';
import { builtInTemplates, ownTemplates, type Templates } from './templates.ts';
import { createTexts, type Texts } from './texts.ts';

export type { ListedSession, PageData, PageName } from './page-data.ts';

export interface RenderedPage {
  html: string;
  contentSecurityPolicy: string;
  /** BCP 47 tag of its language. */
  language: string;
}

export interface Pages {
  /** Renders a page in the language that fits the value of `Accept-Language` best. */
  render<Name extends PageName>(name: Name, data: PageData[Name], acceptLanguage: string | undefined): RenderedPage;
}

export interface PagesOptions {
  /** Target of "Go to the application". */
  homeUrl?: string;
  /** Name of the product or company. */
  name?: string | undefined;
  /** Address of the logo. */
  logoUrl?: string | undefined;
  /** Rules that set colours, after the style sheet. */
  colors?: string | undefined;
  /** Folder of own templates. */
  directory?: string | undefined;
  /** Tags of the languages, the default first. */
  languages?: string[] | undefined;
  messages?: OwnMessages | undefined;
  /** IANA name of the zone of times on pages without script. */
  timeZone?: string | undefined;
  /** Gets the failure of an own template, once for each; the built-in page is shown in its place. */
  onFailure?: (template: string, error: unknown) => void;
}

/** Templates with the style and the policy that belong to them. */
interface Look {
  readonly templates: Templates;
  readonly style: string;
  readonly policy: ReturnType<typeof createPagePolicy>;
}

function lookOf(templates: Templates, { colors, logoUrl }: PagesOptions): Look {
  const style = colors === undefined ? templates.style : `${templates.style}\n${colors}`;
  return { templates, style, policy: createPagePolicy(style, logoUrl !== undefined) };
}

/** Reads the templates once; throws when one is missing, does not compile or fails with sample data. */
export function createPages(options: PagesOptions = {}): Pages {
  const { homeUrl = '/', name: brand, logoUrl, directory, languages, messages, timeZone = 'UTC' } = options;
  const { onFailure = () => undefined } = options;
  const choose = createChooseLanguage(messages, languages);
  const textsOf = new Map<string, Texts>();
  const builtIn = lookOf(builtInTemplates(), options);
  const own = directory === undefined ? undefined : lookOf(ownTemplates(directory), options);
  const failed = new Set<string>();

  function renderIn(look: Look, name: PageName, data: object, acceptLanguage: string | undefined): RenderedPage {
    const language = choose(acceptLanguage);
    const { tag, dir } = language;
    const texts = textsOf.get(tag) ?? createTexts(language, timeZone);
    textsOf.set(tag, texts);
    const home = brand === undefined ? texts.t('action.home') : texts.t('action.home-named', { name: brand });
    const script = look.templates.scriptOf(name);
    const page = { homeUrl, home, name: brand, logoUrl, style: look.style, script, lang: tag, dir };
    const html = look.templates.render(name, { ...data, ...page, ...texts });
    const formTargets = 'formTargets' in data ? (data.formTargets as readonly string[]) : undefined;
    return {
      html,
      contentSecurityPolicy: look.policy({ formTargets, script, framed: name === 'framed' }),
      language: tag,
    };
  }

  const pages: Pages = {
    render(name, data, acceptLanguage) {
      if (own === undefined) return renderIn(builtIn, name, data, acceptLanguage);
      try {
        return renderIn(own, name, data, acceptLanguage);
      } catch (error) {
        if (!failed.has(name)) onFailure(name, error);
        failed.add(name);
        return renderIn(builtIn, name, data, acceptLanguage);
      }
    },
  };
  if (own) renderSamples((name, data) => renderIn(own, name, data, undefined));
  if (!builtInRendered) renderSamples((name, data) => renderIn(builtIn, name, data, undefined));
  builtInRendered = true;
  return pages;
}

/** Whether the built-in templates, which all apps share, have been rendered. */
let builtInRendered = false;

/** The reason why a template fails, without the lines of its source that Eta quotes before or after it. */
function reasonOf(error: unknown): string {
  const lines = messageOf(error)
    .split('\n')
    .map((line) => line.trim());
  return lines.filter((line) => line !== '' && !/^[=^|>\d-]/.test(line))[0] ?? 'cannot be rendered';
}

/** Compiles every template before the first request: rendering an error page must not fail. */
function renderSamples(render: (name: PageName, data: object) => RenderedPage): void {
  for (const name of Object.keys(SAMPLES) as PageName[])
    try {
      render(name, SAMPLES[name]);
    } catch (error) {
      throw new Error(`${name}.eta: ${reasonOf(error)}`, { cause: error });
    }
}
