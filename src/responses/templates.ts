/** Templates of the pages: those of `views/`, and own ones from a folder in their place. Each is read once. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta';

/** `src/` and `dist/` both lie beside `views/`. */
const VIEWS_DIR = join(import.meta.dirname, '../../views');

const TEMPLATE = /^([\w-]+)\.eta$/;

export interface Templates {
  /** Renders a template with its data, which is escaped. Throws when it is missing, does not compile or fails. */
  render(name: string, data: object): string;
  /** Names of the templates. */
  readonly names: readonly string[];
  readonly style: string;
  /** The script of a page; undefined if it has none. */
  scriptOf(name: string): string | undefined;
}

/** The files of a folder that match, by the name in the first group. */
function filesOf(folder: string, pattern: RegExp): Map<string, string> {
  const files = new Map<string, string>();
  for (const file of readdirSync(folder).sort()) {
    const name = pattern.exec(file)?.[1];
    if (name !== undefined) files.set(name, readFileSync(join(folder, file), 'utf8').trim());
  }
  return files;
}

/** Compiles templates on first use. They find each other by name, whatever the folder of each, and nothing outside. */
function templatesOf(
  texts: ReadonlyMap<string, string>,
  style: string,
  scripts: ReadonlyMap<string, string>,
): Templates {
  const eta = new Eta({ autoEscape: true, cache: true });
  eta.resolvePath = (template) => template.replace(/^\.\//, '').replace(/\.eta$/, '');
  eta.readFile = (name) => {
    const text = texts.get(name);
    if (text === undefined) throw new Error(`there is no template ${name}`);
    return text;
  };
  return {
    render: (name, data) => eta.render(name, data),
    names: [...texts.keys()],
    style,
    scriptOf: (name) => scripts.get(name),
  };
}

/** The style sheet of the operator page, which has its own. */
export const operatorStyle = (): string => filesOf(VIEWS_DIR, /^(operator)\.css$/).get('operator') ?? '';

let builtIn: Templates | undefined;

/** The built-in templates: one set for all apps of the process. */
export function builtInTemplates(): Templates {
  builtIn ??= templatesOf(
    filesOf(VIEWS_DIR, TEMPLATE),
    filesOf(VIEWS_DIR, /^(style)\.css$/).get('style') ?? '',
    filesOf(VIEWS_DIR, /^(sessions|signed-in)\.js$/),
  );
  return builtIn;
}

/** The files of a folder of own templates; none if it cannot be read. */
export function templateFiles(folder: string | undefined): string[] {
  if (folder === undefined) return [];
  try {
    const names = readdirSync(folder).filter((name) => TEMPLATE.test(name) || name === 'style.css');
    return names.sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}

/** The built-in templates with those of a folder in their place; its `style.css` replaces the built-in one. */
export function ownTemplates(folder: string): Templates {
  const { style, scriptOf } = builtInTemplates();
  const texts = new Map([...filesOf(VIEWS_DIR, TEMPLATE), ...filesOf(folder, TEMPLATE)]);
  const scripts = [...texts.keys()].flatMap((name): [string, string][] => {
    const script = scriptOf(name);
    return script === undefined ? [] : [[name, script]];
  });
  return templatesOf(texts, filesOf(folder, /^(style)\.css$/).get('style') ?? style, new Map(scripts));
}
