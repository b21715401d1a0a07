/** The sessions of one app as administration sees them: found by user, provider session, id or key, and ended in batches. */
import type { AppIdentity } from '../config/schema/app-identity.ts';
import { signInProviders } from '../config/schema/providers.ts';
import type { Config } from '../config/schema/schema.ts';
import type { EndSessions } from '../oidc/logout/end-sessions.ts';
import { issuersOf } from '../oidc/products/issuers.ts';
import type { SessionBatches, SessionDirectory } from '../session/session-directory.ts';
import { type ActiveSession, providerIdOf, type Sessions } from '../session/session-types.ts';

/** What an administrator selects sessions by: `user` is the subject, `sid` the session at the provider. */
export type SessionSelector = readonly [name: 'user' | 'sid' | 'id', value: string];

/** A session as the administrator sees it: user, device, address and times. It contains no token and no cookie value. */
export interface AdminSession {
  id: string;
  /** Id of the app. */
  app: string;
  /** Id of the provider. */
  provider: string;
  issuer: string;
  sub: string;
  sid?: string;
  device?: string;
  address?: string;
  createdAt: string;
  expiresAt: string;
}

export interface AppSessions {
  readonly app: AppIdentity;
  /** The selected sessions of the app. */
  select(selector: SessionSelector): SessionBatches;
  /** The live sessions with these keys, which are keys of the app. */
  withKeys(keys: readonly string[]): SessionBatches;
  /** Ends sessions of the app; resolves with how many were still live. */
  end(sessions: readonly ActiveSession[]): Promise<number>;
  describe(session: ActiveSession): AdminSession;
}

export interface AppSessionsParts {
  config: Config;
  sessions: Pick<Sessions, 'load'>;
  directory: SessionDirectory;
  endSessions: EndSessions;
}

function describe(app: string, { key, data, tokens }: ActiveSession): AdminSession {
  const { issuer, sub, sid, device, address } = data;
  return {
    id: key,
    app,
    provider: providerIdOf(tokens),
    issuer,
    sub,
    ...(sid === undefined ? {} : { sid }),
    ...(device === undefined ? {} : { device }),
    ...(address === undefined ? {} : { address }),
    createdAt: new Date(data.createdAt).toISOString(),
    expiresAt: new Date(data.expiresAt).toISOString(),
  };
}

/** Creates the administration of an app's sessions. */
export function createAppSessions({ config, sessions, directory, endSessions }: AppSessionsParts): AppSessions {
  const { app } = config;
  const issuers = new Set(signInProviders(config).flatMap(issuersOf));

  async function* select([name, value]: SessionSelector): SessionBatches {
    if (name === 'id') {
      const session = await sessions.load(value);
      return yield session ? [session] : [];
    }
    const walk = name === 'user' ? directory.ofUser : directory.ofProviderSession;
    for (const issuer of issuers) yield* walk(issuer, value);
  }

  return {
    app,
    select,
    withKeys: (keys) => directory.withKeys(keys),
    end: (batch) => endSessions(batch, 'administrator'),
    describe: (session) => describe(app.id, session),
  };
}
