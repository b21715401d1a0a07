/** Parses the Dockerfile and lists the files of its build context. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

export interface Instruction {
  name: string;
  args: string;
}

/** The instructions of each stage of the Dockerfile, FROM first. */
export function readStages(): Instruction[][] {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8')
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ');
  const stages: Instruction[][] = [];
  for (const [, name = '', args = ''] of text.matchAll(/^([A-Z]+) (.+)$/gm)) {
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, args });
  }
  return stages;
}

/** The names in the build context. `.dockerignore` must exclude everything and then list exceptions. */
export function contextNames(): string[] {
  const [all, ...exceptions] = readFileSync(join(ROOT, '.dockerignore'), 'utf8').trim().split('\n');
  if (all !== '*' || !exceptions.every((line) => /^![\w.-]+$/.test(line)))
    throw new Error('.dockerignore is not a list of exceptions from *');
  return exceptions.map((line) => line.slice(1));
}

/** Folders of the packages that `npm ci --omit=dev --workspaces=false` installs, relative to the root. */
export function productionPackages(): string[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean; optional?: boolean; link?: boolean }>;
  };
  return Object.entries(packages)
    .filter(([path, { dev, devOptional, link }]) => path.startsWith('node_modules/') && !dev && !devOptional && !link)
    .filter(([path, { optional }]) => !optional || globSync(path, { cwd: ROOT }).length > 0)
    .map(([path]) => path);
}
