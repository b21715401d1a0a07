/** Runs `doctor` as an operator does, with a configuration for a test provider, and parses its checks. */
import { stringify } from 'yaml';
import type { Check } from '../../../src/base/check.ts';
import { runCli } from '../../../src/cli/cli.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import type { Provider } from '../../support/provider.ts';

export const PUBLIC_URL = 'http://localhost:3999';
const KEY = 'canary-key-k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPo';

export interface DoctorRun {
  code: number;
  text: string;
  checks: Check[];
  /** The first check of that name that is not ok; otherwise the first of that name. */
  of(name: string): Check;
}

type Overrides = Partial<Omit<ConfigInput, 'provider'>> & { provider?: Partial<NonNullable<ConfigInput['provider']>> };

/** A valid configuration for the provider. */
export function configFor(provider: Provider, { provider: overrides, ...rest }: Overrides = {}): ConfigInput {
  return {
    publicUrl: PUBLIC_URL,
    secrets: { keys: [{ id: 'k1', value: KEY }] },
    provider: {
      issuer: provider.issuer,
      clientId: provider.client.id,
      clientSecret: provider.client.secret,
      ...overrides,
    },
    session: { store: { sqlite: { file: ':memory:' } } },
    development: { allowInsecureHttp: true },
    ...rest,
  };
}

/** Runs the command twice: with text output and with `--json`. */
export async function doctor(config: ConfigInput): Promise<DoctorRun> {
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
  const plain = await run();
  const json = await run('--json');
  const { checks } = JSON.parse(json.text.slice(0, json.text.lastIndexOf('}') + 1)) as { checks: Check[] };
  return {
    code: plain.code,
    text: plain.text + json.text,
    checks,
    of(name) {
      const named = checks.filter((check) => check.name === name);
      const check = named.find(({ level }) => level !== 'ok') ?? named[0];
      if (!check) throw new Error(`no check ${name} in\n${plain.text}`);
      return check;
    },
  };
}
