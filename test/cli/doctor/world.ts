/** Runs `doctor` as a user does, on a configuration for a test provider, and reads its findings. */
import { stringify } from 'yaml';
import { runCli } from '../../../src/cli/cli.ts';
import type { Check } from '../../../src/cli/doctor/check.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import type { Provider } from '../../support/provider.ts';

export const PUBLIC_URL = 'http://localhost:3999';
const KEY = 'canary-key-k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPo';

export interface Findings {
  code: number;
  text: string;
  checks: Check[];
  /** The one check of that name that is not ok, else the first of that name. */
  of(name: string): Check;
}

type Overrides = Partial<Omit<ConfigInput, 'provider'>> & { provider?: Partial<ConfigInput['provider']> };

/** A configuration that fits the provider. */
export function configFor(provider: Provider, { provider: own, ...rest }: Overrides = {}): ConfigInput {
  return {
    publicUrl: PUBLIC_URL,
    secrets: { keys: [{ id: 'k1', value: KEY }] },
    provider: {
      issuer: provider.issuer,
      clientId: provider.client.id,
      clientSecret: provider.client.secret,
      ...own,
    },
    session: { store: { sqlite: { file: ':memory:' } } },
    development: { allowInsecureHttp: true },
    ...rest,
  };
}

/** Runs the command, once for people and once as JSON. */
export async function doctor(config: ConfigInput): Promise<Findings> {
  async function run(...more: string[]) {
    let text = '';
    const write = (part: string) => {
      text += part;
    };
    const code = await runCli({
      argv: ['doctor', '--config', 'gateway.yaml', ...more],
      env: {},
      listFiles: () => [],
      readFile: () => stringify(config),
      out: write,
      err: write,
      fetch,
      start: async () => {},
    });
    return { code, text };
  }
  const people = await run();
  const json = await run('--json');
  const { checks } = JSON.parse(json.text.slice(0, json.text.lastIndexOf('}') + 1)) as { checks: Check[] };
  return {
    code: people.code,
    text: people.text + json.text,
    checks,
    of(name) {
      const named = checks.filter((check) => check.name === name);
      const check = named.find(({ level }) => level !== 'ok') ?? named[0];
      if (!check) throw new Error(`no check ${name} in\n${people.text}`);
      return check;
    },
  };
}
