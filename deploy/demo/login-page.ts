/** The two pages of the demo provider: the choice of a user, and a sign-out without a click. */
import type { DemoUser } from './users.ts';

const STYLE = `:root{color-scheme:light dark;--bg:#f3f0ea;--fg:#1d1b16;--card:#fff;--line:#d9d3c7;--soft:#6b6558;--accent:#8a3b12}
@media(prefers-color-scheme:dark){:root{--bg:#171512;--fg:#ece7dd;--card:#211e19;--line:#3a352c;--soft:#a49c8c;--accent:#f0a274}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;background:var(--bg);color:var(--fg);font:16px/1.5 Georgia,'Times New Roman',serif;padding:24px}
main{width:100%;max-width:380px}h1{font-size:26px;font-weight:400;margin:0 0 4px}p{color:var(--soft);margin:0 0 24px}
button{display:flex;gap:14px;align-items:center;width:100%;padding:14px 16px;margin:0 0 10px;border:1px solid var(--line);border-radius:10px;background:var(--card);color:inherit;font:inherit;text-align:left;cursor:pointer}
button:hover{border-color:var(--accent)}button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
b{display:grid;place-items:center;width:40px;height:40px;border-radius:50%;border:1px solid var(--accent);color:var(--accent);font-weight:400;font-size:19px;flex:none}
small{display:block;color:var(--soft);font-size:14px}footer{margin-top:22px;font-size:13px;color:var(--soft)}`;

const page = (title: string, body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head><body><main>${body}</main></body></html>`;

/** What the page on which a user is chosen shows. */
export interface LoginPage {
  users: readonly DemoUser[];
  /** Whose page this is. */
  about?: string;
}

const ABOUT = 'This page belongs to the OpenID provider, which is a different site from the shop.';

/** The page on which a user is chosen. `action` is the address of this interaction. */
export function loginPage(action: string, { users, about = ABOUT }: LoginPage): string {
  const buttons = users.map(
    ({ id, name, about: rights }) =>
      `<button name="user" value="${id}" id="user-${id}"><b aria-hidden="true">${name[0]}</b><span>${name}<small>${rights}</small></span></button>`,
  );
  return page(
    'Sign in at the demo provider',
    `<h1>Choose a user</h1><p>${about}</p><form method="post" action="${encodeURI(action)}">${buttons.join('')}</form><footer>This provider is for the demo only. It has no passwords and stores nothing.</footer>`,
  );
}

/** Confirms the provider's question automatically: in the demo, a sign-out at an application is also one at the provider. */
export function logoutPage(form: string): string {
  const confirmed = form.replace('</form>', '<input type="hidden" name="logout" value="yes"></form>');
  return page(
    'Signing out',
    `<h1>Signing out …</h1><p>You are being signed out at the provider as well.</p>${confirmed}<script>document.forms[0].submit()</script>`,
  );
}
