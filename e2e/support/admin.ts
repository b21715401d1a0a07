/** The parts of Keycloak's admin API that the suite needs: clients, events, sessions of a user, introspection. */
import { ADMIN } from './keycloak.ts';

/** The fields of Keycloak's client representation that the suite needs. */
export interface ClientRepresentation {
  id: string;
  clientId: string;
  redirectUris: string[];
  attributes: Record<string, string>;
}

export interface LoggedEvent {
  time: number;
  type: string;
  clientId: string;
  error?: string;
  details?: Record<string, string>;
}

export interface UserTokens {
  accessToken: string;
  idToken: string;
  refreshToken: string;
}

export interface Admin {
  /** Configures a client: redirect URIs for this origin, and attributes. */
  setUpClient(
    clientId: string,
    publicUrl: string,
    attributes?: Record<string, string>,
    callback?: string,
  ): Promise<void>;
  /** Stored events of a type for one client, newest first. */
  events(type: string, clientId: string): Promise<LoggedEvent[]>;
  /** Number of Keycloak sessions of a user. */
  ssoSessions(username: string): Promise<number>;
  /** Ends all sessions of a user. */
  endSessions(username: string): Promise<void>;
  /** Withdraws the consent of a user for one client, which ends the sessions of this client alone. */
  withdrawConsent(username: string, clientId: string): Promise<void>;
  /** The clients of the Keycloak sessions of a user. */
  clientsOfSessions(username: string): Promise<string[]>;
  /** A service's token, by client credentials. */
  serviceToken(clientId: string, scope?: string): Promise<string>;
  /** Creates another client that uses the password grant (RFC 6749 section 4.3), such as a third-party app. */
  createClient(clientId: string, attributes?: Record<string, string>): Promise<void>;
  /** Allows a client to use client credentials. */
  allowServiceAccount(clientId: string): Promise<void>;
  /** The tokens of a user at a client of `createClient`. */
  userTokens(clientId: string, username: string): Promise<UserTokens>;
  /** Gives a user a role of a client. */
  grantRole(username: string, clientId: string, role: string): Promise<void>;
  /** Revokes a token as the client to which it was issued. */
  revoke(token: string, clientId: string): Promise<void>;
  /** Whether introspection by the orders API reports a token as active. */
  isActive(token: string): Promise<boolean>;
  /** The response of the token endpoint to a refresh token used as `bff-gateway`. */
  refresh(refreshToken: string): Promise<{ status: number; error: string | undefined }>;
}

/** Creates a client of the admin API of a running Keycloak, for one realm. */
export function keycloakAdmin(origin: string, realm = 'bff'): Admin {
  const oidc = `${origin}/realms/${realm}/protocol/openid-connect`;
  const api = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const response = await fetch(`${origin}/admin/realms/${realm}${path}`, {
      method,
      headers: { authorization: `Bearer ${await adminToken(origin)}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
  const userId = async (username: string) => {
    const users = (await api('GET', `/users?exact=true&username=${username}`)) as { id: string }[];
    return users[0]?.id ?? '';
  };
  const clientNamed = async (clientId: string) => {
    const [client] = (await api('GET', `/clients?clientId=${clientId}`)) as ClientRepresentation[];
    if (client === undefined) throw new Error(`no client ${clientId}`);
    return client;
  };
  return {
    async setUpClient(clientId, publicUrl, attributes = {}, callback = '/callback') {
      const client = await clientNamed(clientId);
      const changed: ClientRepresentation = {
        ...client,
        redirectUris: [publicUrl + callback],
        attributes: {
          ...client.attributes,
          'post.logout.redirect.uris': `${publicUrl}/signed-out`,
          ...attributes,
        },
      };
      await api('PUT', `/clients/${client.id}`, changed);
    },
    events: async (type, clientId) =>
      (await api('GET', `/events?type=${type}&client=${clientId}&max=1000`)) as LoggedEvent[],
    ssoSessions: async (username) =>
      ((await api('GET', `/users/${await userId(username)}/sessions`)) as unknown[]).length,
    async endSessions(username) {
      await api('POST', `/users/${await userId(username)}/logout`);
    },
    async withdrawConsent(username, clientId) {
      await api('DELETE', `/users/${await userId(username)}/consents/${clientId}`);
    },
    async clientsOfSessions(username) {
      const sessions = await api('GET', `/users/${await userId(username)}/sessions`);
      return (sessions as { clients: Record<string, string> }[])
        .flatMap(({ clients }) => Object.values(clients))
        .toSorted();
    },
    async serviceToken(clientId, scope) {
      const fields = { grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) };
      const response = await form(`${oidc}/token`, clientId, fields);
      if (typeof response.body.access_token !== 'string') throw new Error(`no token: ${JSON.stringify(response.body)}`);
      return response.body.access_token;
    },
    async createClient(clientId, attributes = {}) {
      await api('POST', '/clients', {
        clientId,
        attributes,
        secret: `${clientId}-secret`,
        standardFlowEnabled: false,
        directAccessGrantsEnabled: true,
        defaultClientScopes: ['basic', 'acr', 'profile', 'roles', 'orders-api'],
      });
    },
    async allowServiceAccount(clientId) {
      const client = await clientNamed(clientId);
      await api('PUT', `/clients/${client.id}`, { ...client, serviceAccountsEnabled: true });
    },
    async userTokens(clientId, username) {
      const credentials = { username, password: `${username}-pw`, scope: 'openid' };
      const { body } = await form(`${oidc}/token`, clientId, { grant_type: 'password', ...credentials });
      const { access_token: accessToken, id_token: idToken, refresh_token: refreshToken } = body;
      if (typeof accessToken !== 'string' || typeof idToken !== 'string' || typeof refreshToken !== 'string')
        throw new Error(`no tokens: ${JSON.stringify(body)}`);
      return { accessToken, idToken, refreshToken };
    },
    async grantRole(username, clientId, role) {
      const client = await clientNamed(clientId);
      const found = await api('GET', `/clients/${client.id}/roles/${role}`);
      await api('POST', `/users/${await userId(username)}/role-mappings/clients/${client.id}`, [found]);
    },
    async revoke(token, clientId) {
      const response = await fetch(`${oidc}/revoke`, {
        method: 'POST',
        headers: { authorization: `Basic ${btoa(`${clientId}:${clientId}-secret`)}` },
        body: new URLSearchParams({ token }),
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`revocation: ${response.status}`);
    },
    async isActive(token) {
      const response = await form(`${oidc}/token/introspect`, 'orders-api', { token });
      return response.body.active === true;
    },
    async refresh(refreshToken) {
      const response = await form(`${oidc}/token`, 'bff-gateway', {
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
      });
      const error = response.body.error;
      return { status: response.status, error: typeof error === 'string' ? error : undefined };
    },
  };
}

async function form(url: string, clientId: string, fields: Record<string, string>) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${clientId}:${clientId}-secret`)}` },
    body: new URLSearchParams(fields),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Creates a realm from its representation. */
export async function createRealm(origin: string, realm: object): Promise<void> {
  const response = await fetch(`${origin}/admin/realms`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await adminToken(origin)}`, 'content-type': 'application/json' },
    body: JSON.stringify(realm),
  });
  if (!response.ok) throw new Error(`POST /admin/realms: ${response.status} ${await response.text()}`);
}

async function adminToken(origin: string): Promise<string> {
  const response = await fetch(`${origin}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', ...ADMIN }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`no admin token: ${response.status}`);
  return token;
}
