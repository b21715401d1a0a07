/** Bar chart as SVG, for light and dark pages. */

export interface Bar {
  name: string;
  value: number;
  /** Lowest and highest value. */
  low: number;
  high: number;
}

const WIDTH = 720;
const LABELS = 150;
const ROW = 30;

/** Returns a horizontal bar chart; the bar of the gateway is highlighted. */
export function chart(title: string, bars: readonly Bar[]): string {
  const maximum = Math.max(...bars.map(({ high }) => high));
  const scale = (WIDTH - LABELS - 70) / maximum;
  const height = 44 + bars.length * ROW + 8;
  const rows = bars.map(({ name, value, low, high }, index) => {
    const y = 44 + index * ROW;
    const own = name.startsWith('bff-gateway');
    return [
      `<text x="${LABELS - 8}" y="${y + 15}" text-anchor="end"${own ? ' font-weight="600"' : ''}>${name}</text>`,
      `<rect x="${LABELS}" y="${y}" width="${(value * scale).toFixed(1)}" height="20" rx="3" class="${own ? 'own' : 'peer'}"/>`,
      `<path d="M${(LABELS + low * scale).toFixed(1)} ${y + 10}H${(LABELS + high * scale).toFixed(1)}" class="spread"/>`,
      `<text x="${(LABELS + high * scale + 8).toFixed(1)}" y="${y + 15}">${value.toFixed(0)}</text>`,
    ].join('');
  });
  const style =
    'text{font:13px system-ui,sans-serif;fill:#24292f}.own{fill:#0b7285}.peer{fill:#8a94a0}.spread{stroke:#24292f;stroke-width:1.5}' +
    '@media(prefers-color-scheme:dark){text{fill:#d6dde4}.own{fill:#3bc9db}.peer{fill:#6b7580}.spread{stroke:#d6dde4}}';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}"><style>${style}</style><text x="0" y="20" font-weight="600">${title}</text>${rows.join('')}</svg>\n`;
}
