/** Creates the private listener with the operator page, if that is on. */
import type { Server } from 'node:http';
import type { Config } from '../../config/schema/schema.ts';
import { createRecentEvents, type RecentEvents } from '../../observe/recent-audit.ts';
import { type AdminParts, createAdminServer, type ObservedGateway } from '../admin.ts';
import { createOperatorPage } from './operator-page.ts';
import type { OperatedGateway } from './view.ts';

export interface OperatorListenerParts extends Omit<AdminParts, 'gateway' | 'page'> {
  gateway: () => ObservedGateway & OperatedGateway;
  /** The events that the page shows; undefined if it is off. */
  recent: RecentEvents | undefined;
  /** Whether other processes serve the requests; false by default. */
  hasWorkers?: boolean;
}

/** The memory of audit events; none is kept unless the page is on. */
export const recentEventsOf = ({ admin }: Pick<Config, 'admin'>): RecentEvents | undefined =>
  admin.page ? createRecentEvents() : undefined;

/** Creates the server; the caller makes it listen. */
export function createOperatorListener({ recent, hasWorkers = false, ...parts }: OperatorListenerParts): Server {
  const page = recent && createOperatorPage({ ...parts, recent, hasWorkers });
  return createAdminServer({ ...parts, page });
}
