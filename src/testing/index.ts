/** Entry point `bff-gateway/testing`: a provider and signed-in sessions for tests of an application behind the gateway. */
export type {
  DevelopmentClient,
  DevelopmentLifetimes,
  DevelopmentProviderOptions,
  DevelopmentUser,
} from './provider/options.ts';
export type { DevelopmentProvider } from './provider/provider.ts';
export { createTestGateway, signedInCookie, type TestGateway, type TestGatewayOptions } from './test-gateway.ts';
export { startTestProvider, TEST_USERS } from './test-provider.ts';
export type { TestUser } from './test-user.ts';
