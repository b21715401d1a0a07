/** The users of the demo and their scopes: customers of the shop, and its employees. */
export interface DemoUser {
  id: string;
  name: string;
  about: string;
  scopes: readonly string[];
  roles: readonly string[];
}

export const USERS: readonly DemoUser[] = [
  {
    id: 'ada',
    name: 'Ada',
    about: 'may read and place orders',
    scopes: ['read:orders', 'write:orders'],
    roles: ['customer'],
  },
  { id: 'grace', name: 'Grace', about: 'may read orders only', scopes: ['read:orders'], roles: ['auditor'] },
  { id: 'linus', name: 'Linus', about: 'may do neither', scopes: [], roles: [] },
];

/** They sign in at a provider of their own, in the demo of several apps. */
export const STAFF: readonly DemoUser[] = [
  {
    id: 'mary',
    name: 'Mary',
    about: 'works at the desk: sees the orders of all users',
    scopes: ['read:orders', 'write:orders', 'read:all'],
    roles: ['desk'],
  },
  { id: 'tom', name: 'Tom', about: 'writes the wiki, may not see the orders', scopes: [], roles: [] },
];
