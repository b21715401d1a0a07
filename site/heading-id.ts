/** Ids of headings, as GitHub makes them: a link to a section works there and on the site. */

/** The id of a heading that is the first one of its text on the page. */
export function headingId(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}
