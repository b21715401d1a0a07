/** The questions of `bff-gateway init`, in their order, and what their answers must be. */
import { messageOf } from '../../base/errors.ts';
import { type DevApi, parseApi } from '../dev/options.ts';
import { type Discovered, discover } from './discovery.ts';
import {
  type Frontend,
  oneOf,
  parseFrontend,
  parseIssuer,
  parseOrigin,
  parseSecretFile,
  parseVariable,
  required,
} from './parse.ts';
import { PROVIDER_NAMES, type ProviderName, type ProviderPreset, presetOf } from './providers.ts';
import type { Prompter, Questions } from './questions.ts';

const STORES = ['sqlite', 'redis'] as const;

/** Values of the options. */
export interface InitOptions {
  readonly provider: string | undefined;
  readonly issuer: string | undefined;
  readonly clientId: string | undefined;
  readonly clientSecretFile: string | undefined;
  readonly clientSecretEnv: string | undefined;
  readonly publicUrl: string | undefined;
  readonly frontend: string | undefined;
  readonly apis: readonly string[];
  readonly store: string | undefined;
  readonly audience: string | undefined;
}

export interface Answers {
  readonly provider: ProviderName;
  readonly issuer: string;
  readonly discovered: Discovered | undefined;
  readonly clientId: string;
  /** A reference, or the text of a new file. */
  readonly secret: { readonly file: string } | { readonly env: string } | { readonly text: string };
  readonly publicUrl: string;
  readonly frontend: Frontend | undefined;
  readonly apis: readonly DevApi[];
  readonly store: 'sqlite' | 'redis';
  readonly audience: string | undefined;
}

/** Asks for the issuer until its metadata can be read, or the person wants it as it is. */
async function askIssuer(
  questions: Questions,
  preset: ProviderPreset,
  given: string | undefined,
  say: Prompter['say'],
) {
  let again = given;
  for (;;) {
    const issuer = await questions.answer({
      option: '--issuer <URL>',
      given: again,
      question: `Issuer of ${preset.title}: ${preset.issuerHint}`,
      parse: (text) => parseIssuer(preset, required(text)),
    });
    if (issuer === undefined) return { issuer, discovered: undefined };
    try {
      const discovered = await discover(issuer);
      say(`  found ${discovered.issuer}\n`);
      return { issuer: discovered.issuer, discovered };
    } catch (error) {
      say(`warning: discovery failed: ${messageOf(error)}\n`);
    }
    if (!questions.isInteractive || given !== undefined) return { issuer, discovered: undefined };
    const parse = oneOf(['y', 'n']);
    const keep = await questions.answer({
      option: '',
      given: undefined,
      question: 'Use it anyway? y or n',
      fallback: 'n',
      parse,
    });
    if (keep === 'y') return { issuer, discovered: undefined };
    again = undefined;
  }
}

async function askSecret(questions: Questions, { clientSecretFile, clientSecretEnv }: InitOptions) {
  if (clientSecretEnv !== undefined) {
    const question = { option: '--client-secret-env <NAME>', given: clientSecretEnv, question: '' };
    return await questions.answer({ ...question, parse: parseVariable });
  }
  return await questions.answer<Answers['secret']>({
    option: '--client-secret-file <FILE>, or --client-secret-env <NAME>',
    given: clientSecretFile,
    question: 'Client secret, which goes to a file that only you can read (or env:NAME for a variable)',
    isHidden: true,
    parse(text) {
      if (clientSecretFile !== undefined) return parseSecretFile(text);
      return text.startsWith('env:') ? parseVariable(text.slice(4)) : { text: required(text) };
    },
  });
}

async function askApis(questions: Questions, given: readonly string[]): Promise<DevApi[]> {
  const apis: DevApi[] = [];
  const option = '--api <PATH=URL>';
  const parse = (text: string) => (text === '' ? undefined : parseApi(text));
  for (const text of given)
    apis.push(...[(await questions.answer({ option, given: text, question: '', parse })) ?? []].flat());
  if (given.length > 0 || !questions.isInteractive) return apis;
  for (;;) {
    const question =
      apis.length === 0 ? 'API, such as /api=http://localhost:8080 (empty: none)' : 'Another API (empty: none)';
    const api = await questions.answer({ option, given: undefined, question, parse });
    if (api === undefined) return apis;
    apis.push(api);
  }
}

/** Where users sign in, and as which client. */
async function askClient(questions: Questions, options: InitOptions, say: Prompter['say']) {
  const provider = await questions.answer({
    option: '--provider <NAME>',
    given: options.provider,
    question: `Provider: ${PROVIDER_NAMES.join(', ')}`,
    parse: oneOf(PROVIDER_NAMES),
  });
  const preset = presetOf(provider ?? 'other');
  const { issuer, discovered } = await askIssuer(questions, preset, options.issuer, say);
  const clientId = await questions.answer({
    option: '--client-id <ID>',
    given: options.clientId,
    question: 'Client ID',
    parse: required,
  });
  return { provider, preset, issuer, discovered, clientId, secret: await askSecret(questions, options) };
}

async function askAudience(questions: Questions, { hasAudience }: ProviderPreset, given: string | undefined) {
  if (!hasAudience) return given;
  return await questions.answer({
    option: '--audience <AUDIENCE>',
    given,
    question: 'Identifier (audience) of the API, without which the API cannot read its tokens (empty: none)',
    fallback: '',
    parse: (text) => (text === '' ? undefined : text),
  });
}

/** Asks everything that the options leave open. Throws `WrongAnswer` for options that are missing or not valid. */
export async function collectAnswers(
  questions: Questions,
  options: InitOptions,
  say: Prompter['say'],
): Promise<Answers> {
  const { provider, preset, issuer, discovered, clientId, secret } = await askClient(questions, options, say);
  const publicUrl = await questions.answer({
    option: '--public-url <URL>',
    given: options.publicUrl,
    question: 'Address that users open',
    fallback: 'http://localhost:3000',
    parse: parseOrigin,
  });
  const frontend = await questions.answer({
    option: '--frontend <URL|FOLDER>',
    given: options.frontend,
    question: 'Front end: development server (http://localhost:5173), URL of an index.html, folder, or none',
    fallback: 'none',
    parse: parseFrontend,
  });
  const apis = await askApis(questions, options.apis);
  const audience = await askAudience(questions, preset, options.audience);
  const store = await questions.answer({
    option: '--store <NAME>',
    given: options.store,
    question: 'Session store: sqlite (one process) or redis (several)',
    fallback: 'sqlite',
    parse: oneOf(STORES),
  });
  if (!provider || !issuer || !clientId || !secret || !publicUrl || !store) throw questions.missing();
  return { provider, issuer, discovered, clientId, secret, publicUrl, frontend, apis, store, audience };
}
