/** The users of the demo and their scopes. */
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
