/** The sidebar of the site, from the list of pages in docs/README.md. */

export interface SidebarItem {
  text: string;
  link: string;
}
export interface SidebarSection {
  text: string;
  collapsed: boolean;
  items: SidebarItem[];
}

/** Sections that a reader rarely opens start folded. */
const OPEN_SECTIONS = 3;

/** The sections of the list: a bold line each, then one item per page. */
export function sidebarOf(list: string): SidebarSection[] {
  const sections: SidebarSection[] = [];
  for (const line of list.split('\n')) {
    const title = /^\*\*(.+)\*\*$/.exec(line)?.[1];
    if (title) sections.push({ text: title, collapsed: sections.length >= OPEN_SECTIONS, items: [] });
    const [, text, path] = /^- \[([^\]]+)\]\(([^)]+)\.md\)/.exec(line) ?? [];
    if (text && path) sections.at(-1)?.items.push({ text, link: `/${path}` });
  }
  return sections;
}
